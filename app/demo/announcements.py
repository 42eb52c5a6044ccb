"""The demo company's announcements: what everybody there should know these days."""

from app.demo.world import World
from app.models.announcements import Announcement

#: Title, text, and the first and last day, in workdays from today.
TEXTS = (
    (
        "季度管理报告本月底截止提交",
        "请各部门在月底前核对开发中机会的预计金额和预计成交日期，逾期计划项请补填执行效果。",
        -2,
        6,
    ),
    (
        "新款在线监测终端可以报价",
        "新款在线监测终端已完成型式试验，即日起可以报价，交货期四周。选型资料请向技术支持部索取。",
        -6,
        20,
    ),
    (
        "华东区客户技术交流会开始报名",
        "交流会面向装备制造和水务客户，每位客户经理可以邀请三家。名单请报给销售主管。",
        -9,
        10,
    ),
)


def write_announcements(world: World, writer: int) -> None:
    """Keep them for writing, in the name of the person with that key."""
    workdays = world.workdays
    for title, text, first, last in TEXTS:
        written = workdays.moment(workdays.end + first)
        row = {
            "id": world.keys[Announcement].next(),
            "title": title,
            "text": text,
            "starts_on": workdays.date(workdays.end + first),
            "ends_on": workdays.date(workdays.end + last),
            "version": 1,
        }
        marks = {"created_on": written, "created_by_id": writer, "changed_on": written, "changed_by_id": writer}
        world.bulk.add(Announcement, row | marks)
