"""The life of a service request: created, assigned, processed, archived."""

from app.actions.workflow import Workflow
from app.models.services import ServiceRequest, ServiceStatus

CREATED, ASSIGNED = ServiceStatus.CREATED, ServiceStatus.ASSIGNED
PROCESSED, ARCHIVED = ServiceStatus.PROCESSED, ServiceStatus.ARCHIVED

DESK = Workflow(ServiceRequest, moves=(), steps=((CREATED,), (ASSIGNED,), (PROCESSED,), (ARCHIVED,)))
