"""Pinyin readings of Chinese names: syllable by syllable, surnames as they are read in names.

Characters and phrases are read by ``pypinyin``. Where a character is read otherwise as a surname, the table here decides
beside it; where readers disagree, every reading is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

MOST_READINGS = 6
"""Readings of one name that are kept."""

MOST_CHARACTERS = 20
"""Characters of a run that are read."""

LONGEST_PERSON = 4
"""Characters of a personal name; within longer runs, characters are read as in prose."""

Reading = tuple[str, ...]

# Surnames whose reading differs from that of the characters in prose, and those read in several ways.
_SURNAME_READINGS = """
    曾:zeng 仇:qiu 单:shan 單:shan 解:xie 任:ren 区:ou 區:ou 查:zha 盖:ge/gai 蓋:ge/gai 朴:piao/pu
    尉:wei/yu 乐:yue/le 樂:yue/le 员:yun/yuan 員:yun/yuan 缪:miao/mou 繆:miao/mou 秘:bi/mi
    黑:he/hei 繁:po/fan 种:chong 召:shao/zhao 折:she/zhe 翟:zhai/di 冼:xian 洗:xian 覃:qin/tan
    谌:chen/shen 諶:chen/shen 应:ying 應:ying 葛:ge 万:wan 萬:wan 宁:ning 燕:yan 薄:bo 宓:mi/fu
    隗:wei/kui 郇:xun/huan 郗:xi/chi 祭:zhai/ji 令:ling 瞿:qu 能:nai/neng 句:gou 过:guo 過:guo
    曲:qu 柏:bai/bo 费:fei/bi 費:fei/bi 纪:ji 紀:ji 那:na 俞:yu 於:yu 洪:hong 沈:shen 冯:feng 馮:feng
    车:che 車:che 贾:jia 賈:jia 强:qiang 強:qiang 重:chong 长:zhang 長:zhang 朝:chao/zhao 石:shi
    叶:ye 葉:ye 幺:yao 镡:tan/xin 鐔:tan/xin 晁:chao 卜:bu 华:hua 華:hua 褚:chu 眭:sui 佘:she
    尉迟:yu'chi 尉遲:yu'chi 万俟:mo'qi 萬俟:mo'qi 长孙:zhang'sun 長孫:zhang'sun 单于:chan'yu
    單于:chan'yu 澹台:tan'tai 澹臺:tan'tai 令狐:ling'hu 皇甫:huang'fu 宇文:yu'wen 夏侯:xia'hou
    公孙:gong'sun 公孫:gong'sun 鲜于:xian'yu 鮮于:xian'yu 亓官:qi'guan 轩辕:xuan'yuan 軒轅:xuan'yuan
    钟离:zhong'li 鍾離:zhong'li 赫连:he'lian 赫連:he'lian 南宫:nan'gong 南宮:nan'gong 第五:di'wu
    百里:bai'li 东郭:dong'guo 東郭:dong'guo
"""
# Compound surnames have an apostrophe between their syllables.
_SURNAMES: dict[str, tuple[Reading, ...]] = {
    surname: tuple(tuple(reading.split("'")) for reading in readings.split("/"))
    for surname, _, readings in (entry.partition(":") for entry in _SURNAME_READINGS.split())
}

# Characters that parents read in more than one way.
_GIVEN_READINGS = """
    乐:le/yue 樂:le/yue 行:xing/hang 重:chong/zhong 朝:chao/zhao 长:chang/zhang 長:chang/zhang 茜:qian/xi
    曾:zeng 晟:sheng/cheng 柏:bo/bai 亘:gen/xuan 单:dan/shan 解:jie/xie 藏:cang/zang 省:sheng/xing
    莘:shen/xin 圳:zhen 骑:qi/ji 调:tiao/diao 缪:miao/mou
"""
_GIVEN = {character: readings for character, _, readings in (e.partition(":") for e in _GIVEN_READINGS.split())}


@lru_cache(maxsize=20_000)
def readings(run: str) -> tuple[Reading, ...]:
    """Return how a run of Chinese characters may be read, one syllable without tone for each character.

    Empty when it has characters that are not Chinese: kana and hangul tell their sound themselves.
    """
    base = _in_prose(run[:MOST_CHARACTERS])
    if not base:
        return ()
    found = dict.fromkeys(islice(_person(run[:MOST_CHARACTERS], base), MOST_READINGS))
    for reading in tuple(found):
        # Keyboards and passports write the ü of lü and nü in two ways.
        found.setdefault(tuple(syllable.replace("v", "u") for syllable in reading))
    return tuple(found)


def _person(run: str, base: Reading) -> Iterator[Reading]:
    """Yield the readings as a name, with the surname's own, and then the one of prose."""
    short = len(run) <= LONGEST_PERSON
    length = 2 if len(run) > 1 and run[:2] in _SURNAMES else 1
    for surname in (*_SURNAMES.get(run[:length], ()), base[:length]):
        yield from (surname + given for given in (_given(run[length:], base[length:]) if short else [base[length:]]))


def _given(characters: str, base: Reading) -> list[Reading]:
    """Return the readings of a given name: that of prose first, then one for each other reading of a character."""
    found = [base]
    for at, character in enumerate(characters):
        for other in _GIVEN.get(character, "").split("/"):
            if other and other != base[at]:
                found.append((*base[:at], other, *base[at + 1 :]))
    return found


def _in_prose(run: str) -> Reading:
    # Imported when the first Chinese name comes: its dictionaries take a third of a second.
    from pypinyin import lazy_pinyin

    read = tuple(lazy_pinyin(run, errors="ignore"))
    return read if len(read) == len(run) else ()
