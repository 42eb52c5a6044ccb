"""The readings of Chinese characters, without tones."""

import os
import unicodedata
from collections.abc import Mapping
from functools import cache

#: Characters that company names hold in more than one reading, the commoner first. Names keep both of them.
HETERONYMS = """
乐 le yue, 长 chang zhang, 重 zhong chong, 行 hang xing, 都 du dou, 盛 sheng cheng, 传 chuan zhuan,
厦 xia sha, 朝 chao zhao, 藏 zang cang, 宿 su xiu, 柏 bai bo, 泊 bo po, 单 dan shan, 曾 zeng ceng,
解 jie xie, 盖 gai ge, 车 che ju, 会 hui kuai, 率 lv shuai, 查 cha zha, 区 qu ou, 番 fan pan, 莞 guan wan,
六 liu lu, 铅 qian yan, 蔚 wei yu, 荥 xing ying, 莘 shen xin, 枞 cong zong, 歙 she xi, 浚 jun xun,
牟 mu mou, 蚌 bang beng, 阿 a e, 卡 ka qia, 什 shi shen, 勒 le lei, 拓 tuo ta, 角 jiao jue, 塞 sai se,
劲 jin jing, 朴 pu piao, 觉 jue jiao, 调 tiao diao, 校 xiao jiao, 仔 zai zi, 贾 jia gu, 参 can shen,
模 mo mu, 系 xi ji, 弹 dan tan, 壳 ke qiao, 折 zhe she, 堡 bao pu, 石 shi dan, 薄 bo bao, 轧 zha ya,
澄 cheng deng, 靓 liang jing, 尉 wei yu, 的 de di, 绿 lv lu, 露 lu lou, 还 huan hai, 降 jiang xiang,
巷 xiang hang, 属 shu zhu, 著 zhu zhuo, 血 xue xie, 屏 ping bing, 埔 pu bu, 洗 xi xian, 仇 qiu chou,
了 liao le, 便 bian pian, 栖 qi xi, 禅 chan shan, 纤 xian qian, 晟 sheng cheng, 峒 dong tong, 圩 wei xu,
筠 yun jun
"""


@cache
def readings_of(letter: str) -> tuple[str, ...]:
    """How a letter is read: a Chinese character by its pinyin, ü as v; any other letter stands for itself."""
    known = _heteronyms().get(letter)
    if known:
        return known
    told = _dictionary().get(ord(letter))
    return (_plain(told.partition(",")[0]),) if told else (letter,)


@cache
def _heteronyms() -> Mapping[str, tuple[str, ...]]:
    entries = (entry.split() for entry in HETERONYMS.split(","))
    return {letter: tuple(readings) for letter, *readings in entries}


@cache
def _dictionary() -> Mapping[int, str]:
    """Read only where a name is saved. Without the readings of phrases it takes a quarter of the memory."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin.pinyin_dict import pinyin_dict

    return pinyin_dict


def _plain(reading: str) -> str:
    parts = unicodedata.normalize("NFD", reading.replace("ü", "v").translate(UMLAUTS))
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


#: ü with a tone, which the parts of a letter would make a u.
UMLAUTS = str.maketrans(dict.fromkeys("ǖǘǚǜ", "v"))
