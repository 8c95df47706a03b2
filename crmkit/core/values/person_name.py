"""Names of persons: vCard N parts (RFC 6350, 6.2.2) to a display name, and carefully back."""

from __future__ import annotations

import unicodedata

from crmkit.core.frozen import frozen
from crmkit.core.values.pattern import pattern
from crmkit.core.values.text import one_space, word_set

# Han with its iteration marks, kana, hangul syllables.
_HAN_CHARACTERS = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN = pattern(f"[{_HAN_CHARACTERS}]+")
_EAST_ASIAN = pattern(f"[{_HAN_CHARACTERS}\u3040-\u30ff\uac00-\ud7a3·]+")
_HANGUL = pattern("[\uac00-\ud7a3]+")

_COMPOUND_SURNAMES = word_set(
    "欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 司徒 司空 夏侯 皇甫 东方 東方 尉迟 尉遲 公孙 公孫 慕容 令狐 长孙 長孫 宇文 "
    "轩辕 軒轅 端木 百里 呼延 南宫 南宮 独孤 獨孤 西门 西門 拓跋 闻人 聞人 申屠 太史 澹台 澹臺 钟离 鍾離 濮阳 濮陽 "
    "淳于 单于 單于 赫连 赫連 第五 남궁 황보 제갈 선우 독고 사공 서문 동방"
)
# The commonest Chinese surnames (about nine in ten people) and, at the end, Korean ones. A name that begins with none
# of these is not split: 山田太郎 is Japanese, and where its surname ends nobody can tell from the characters.
_SURNAMES = frozenset(
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林高罗羅郑鄭梁谢謝宋唐许許邓鄧冯馮韩韓曹曾彭萧蕭肖蔡潘田董袁"
    "于余叶葉蒋蔣杜苏蘇魏程吕呂丁沈任姚卢盧傅钟鍾姜崔谭譚廖范範汪陆陸金石戴贾賈韦韋夏邱方侯邹鄒熊孟秦白江阎閻薛尹段雷"
    "黎史龙龍陶贺賀顾顧毛郝龚龔邵万萬钱錢严嚴覃武戚莫孔向汤湯温溫康施牛樊葛邢安齐齊易乔喬伍庞龐颜顏倪庄莊聂聶章鲁魯岳"
    "翟殷詹申欧歐耿关關兰蘭焦俞左柳甘祝包宁寧尚符舒阮柯纪紀梅童凌毕畢单單季裴霍涂塗成苗谷盛曲翁冉骆駱蓝藍路游辛靳管柴"
    "蒙鲍鮑华華喻祁蒲房滕屈饶饒解牟艾尤阳陽时時穆农農司卓古吉缪繆简簡车車项項连連芦蘆麦麥褚娄婁窦竇岑景党黨宫宮费費卜"
    "冷晏席卫衛米柏宗瞿桂全佟应應臧闵閔苟邬鄔边邊卞姬师師和仇栾欒隋商刁沙荣榮巫寇桑김이박최정강조윤장임한오서신권황안"
    "송류전홍고문양손배백허유남심노하곽성차주우구민진지엄채원천방공현함변염여추도소석선설마길연위표명기반라왕금옥육인"
    "맹제모탁국어은편용"
)
_EAST_ASIAN_TITLES = ("先生", "女士", "小姐", "太太", "博士", "教授", "老师", "老師", "医生", "醫生", "律师", "律師")
_PREFIXES = word_set(
    "mr mrs ms miss mx dr prof sir dame lord lady rev fr hon capt col gen lt maj sgt herr frau hr m mme mlle dott "
    "dott.ssa sig sig.ra sr sra srta don doña dipl.-ing ing mag drs ir"
)
_SUFFIXES = word_set("jr sr ii iii iv v phd ph.d md m.d dds esq mba cpa qc kc obe cbe b.sc m.sc bsc msc ba ma")
_AMBIGUOUS_SUFFIXES = frozenset(["v", "ba", "ma"])  # Ma and Ba are surnames; without a comma they stay what they are
_PARTICLES = word_set(
    "van von vom zu zum zur de der den del della delle dei degli da das do dos di du des d' la le las los el al bin "
    "ibn ben ter ten te 't af av y e und ap st st."
)


@frozen
class NameParts:
    """The parts of a name as vCard N has them, and the nickname; what is not known is the empty string."""

    prefix: str = ""
    given: str = ""
    additional: str = ""
    family: str = ""
    suffix: str = ""
    nickname: str = ""

    def __str__(self) -> str:
        """Return the display name."""
        return display_name(self.prefix, self.given, self.additional, self.family, self.suffix, self.nickname)


def display_name(
    prefix: str = "", given: str = "", additional: str = "", family: str = "", suffix: str = "", nickname: str = ""
) -> str:
    """Return the name as people write it: ``Dr. Anna Maria von Berg Jr.``, 王小明, 欧阳娜娜博士.

    Chinese, Japanese and Korean names stand family first without space, with their title behind. The nickname is used
    when every other part is empty.
    """
    core = [one_space(part) for part in (given, additional, family)]
    if all(_EAST_ASIAN.fullmatch(part) for part in core if part) and any(core):
        name = core[2] + core[0] + core[1]
        title = one_space(prefix)
        if title and _EAST_ASIAN.fullmatch(title):
            name, title = name + title, ""
        return one_space(f"{title} {name} {suffix}")
    return one_space(" ".join((prefix, *core, suffix))) or one_space(nickname)


def split_name(full: str) -> NameParts:
    """Split a display name into its parts, carefully: where nothing tells the parts apart, all is the given name.

    Western names: titles in front, suffixes behind, the last word with its particles (``van der Berg``) is the family
    name, a single word the given name; ``Berg, Anna`` is turned round. Spanish double surnames cannot be told from
    middle names. Chinese and Korean names are split behind a known surname. Nothing is lost: but for commas and for
    spaces in East Asian names, ``display_name`` of the parts is ``full``.
    """
    text = one_space(unicodedata.normalize("NFC", full))
    if _EAST_ASIAN.fullmatch(text.replace(" ", "")):
        return _split_east_asian(text)
    return _split_western(text)


def _split_east_asian(text: str) -> NameParts:
    title = next((title for title in _EAST_ASIAN_TITLES if text.endswith(title) and len(text) > len(title)), "")
    name = text.removesuffix(title).strip() if title else text
    words = name.split(" ")
    if len(words) == 2:
        return NameParts(prefix=title, family=words[0], given=words[1])
    if len(words) > 2 or not (_HAN.fullmatch(name) or _HANGUL.fullmatch(name)):
        return NameParts(prefix=title, given=name.replace(" ", ""))
    if name[:2] in _COMPOUND_SURNAMES and 3 <= len(name) <= 4:
        return NameParts(prefix=title, family=name[:2], given=name[2:])
    if name[0] in _SURNAMES and 2 <= len(name) <= 3:
        return NameParts(prefix=title, family=name[0], given=name[1:])
    if title and (name in _SURNAMES or name in _COMPOUND_SURNAMES):
        return NameParts(prefix=title, family=name)
    return NameParts(prefix=title, given=name)


def _split_western(text: str) -> NameParts:
    before, comma, after = (part.strip() for part in text.partition(","))
    only_suffixes = all(_bare(word) in _SUFFIXES for word in after.replace(",", " ").split())
    turned = bool(comma and before and after) and not only_suffixes
    words = after.split() if turned else text.split()
    prefix = _take_prefix(words)
    suffix = _take_suffix(words)
    if turned:
        return NameParts(prefix, words[0] if words else "", " ".join(words[1:]), before, suffix)
    if len(words) == 1:
        # "Mr. Smith" names a family; a word that stands alone is more often a given name.
        return NameParts(prefix, "", "", words[0], suffix) if prefix else NameParts("", words[0], "", "", suffix)
    start = len(words) - 1
    while start > 1 and words[start - 1].lower() in _PARTICLES:
        start -= 1
    return NameParts(prefix, words[0] if words else "", " ".join(words[1:start]), " ".join(words[start:]), suffix)


def _take_prefix(words: list[str]) -> str:
    taken = 0
    while taken < len(words) - 1 and _bare(words[taken]) in _PREFIXES:
        taken += 1
    prefix = " ".join(words[:taken])
    del words[:taken]
    return prefix


def _take_suffix(words: list[str]) -> str:
    start = len(words)
    while start > 1 and _bare(words[start - 1]) in _SUFFIXES:
        after_comma = words[start - 2].endswith(",")
        if _bare(words[start - 1]) in _AMBIGUOUS_SUFFIXES and not after_comma:
            break
        start -= 1
    # "Smith, Jr.": the comma stays with the suffix's side of the name only if the name is to read the same again.
    suffix = " ".join(words[start:])
    del words[start:]
    if suffix and words:
        words[-1] = words[-1].rstrip(",")
    return suffix


def _bare(word: str) -> str:
    return word.rstrip(",").rstrip(".").lower()
