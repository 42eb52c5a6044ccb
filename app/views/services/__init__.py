"""Service requests on the screen: creating, assigning, processing, feedback and the archive of all."""

from app.views.services.archive import ServiceRequests
from app.views.services.queues import ServiceAssignment, ServiceFeedback, ServiceProcessing

__all__ = ["ServiceAssignment", "ServiceFeedback", "ServiceProcessing", "ServiceRequests"]
