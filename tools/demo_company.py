"""The invented company of the demonstration: its people, products and customers, as tables that people can edit.

Nobody and nothing here exists. Mail addresses are under ``.example`` (RFC 2606). German and British telephone numbers
are of the ranges that the regulators (Bundesnetzagentur, Ofcom) keep for films and books; elsewhere the number begins
with a zero behind the area code, which no subscriber's number does.
"""

from __future__ import annotations

from typing import NamedTuple

SYSTEM = "kranichquell"


class User(NamedTuple):
    login: str
    name: str
    title: str
    team: str
    reports_to: str
    role: str
    language: str
    state: str = "active"

    @property
    def chinese(self) -> bool:
        return self.language.startswith("zh")


class Organization(NamedTuple):
    code: str
    part: str
    name: str
    slug: str
    country: str
    city: str
    postal_code: str
    street: str
    industry: str
    employees: int
    founded: int
    owner: str
    parent: str

    @property
    def chinese(self) -> bool:
        return self.country == "CN"

    @property
    def domain(self) -> str:
        return f"{self.slug}.example"


class Product(NamedTuple):
    sku: str
    category: str
    english: str
    chinese: str
    unit: str
    price: int
    cost: int
    introduced: str
    about: str
    about_chinese: str

    @property
    def name(self) -> str:
        return f"{self.english} · {self.chinese}"


def _rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


TEAMS = [tuple(row) for row in _rows("""
Kranichquell   |
Hamburg        | Kranichquell
Hamburg Sales  | Hamburg
Hamburg Service| Hamburg
上海           | Kranichquell
上海销售       | 上海
上海服务       | 上海
""")]

USERS = [User(*row) for row in _rows("""
anke.petersen | Anke Petersen | Managing Director     | Kranichquell    |               | manager | en
jan.brandt    | Jan Brandt    | Head of Hamburg branch| Hamburg         | anke.petersen | manager | en
merle.hansen  | Merle Hansen  | Sales Representative  | Hamburg Sales   | jan.brandt    | sales   | en
tobias.krueger| Tobias Krüger | Sales Representative  | Hamburg Sales   | jan.brandt    | sales   | en
fiona.marsh   | Fiona Marsh   | Sales Representative UK | Hamburg Sales | jan.brandt    | sales   | en
lars.behrens  | Lars Behrens  | Sales Representative  | Hamburg Sales   | jan.brandt    | sales   | en | departed
katrin.voss   | Katrin Voss   | Head of Service       | Hamburg Service | jan.brandt    | service | en
ole.jensen    | Ole Jensen    | Service Engineer      | Hamburg Service | katrin.voss   | service | en
lin.xiaomei   | 林晓梅        | 上海分公司总经理      | 上海            | anke.petersen | manager | zh-Hans
chen.zhiyuan  | 陈志远        | 大客户经理            | 上海销售        | lin.xiaomei   | sales   | zh-Hans
wang.siyu     | 王思雨        | 销售代表              | 上海销售        | lin.xiaomei   | sales   | zh-Hans
zhao.lei      | 赵磊          | 渠道经理              | 上海销售        | lin.xiaomei   | sales   | zh-Hans
zhou.min      | 周敏          | 服务主管              | 上海服务        | lin.xiaomei   | service | zh-Hans
sun.hao       | 孙浩          | 服务工程师            | 上海服务        | zhou.min      | service | zh-Hans
""")]

_SEEN_BY_ALL = ("product", "team", "user", "tag", "tagging", "segment", "relation_type", "working_calendar", "lifecycle")
_OF_CUSTOMERS = ("customer", "contact_point", "customer_relation", "consent", "asset", "relationship")
_OF_CONTACTS = ("interaction", "interaction_participant", "interaction_line", "interaction_link")


def _grants(*rights: tuple[tuple[str, ...], tuple[str, ...], str]) -> list[dict[str, str]]:
    return [
        {"entity": entity, "action": action, "scope": scope}
        for entities, actions, scope in rights
        for entity in entities
        for action in actions
    ]


ROLES = {
    # A representative sees the customers of the team and works on those that are his or her own.
    "sales": _grants(
        (_SEEN_BY_ALL, ("read",), "all"),
        ((*_OF_CUSTOMERS, *_OF_CONTACTS), ("read",), "team"),
        ((*_OF_CUSTOMERS, *_OF_CONTACTS), ("create", "update"), "own"),
    ),
    # A manager sees and changes what the branch has, hands customers over and exports them.
    "manager": _grants(
        (_SEEN_BY_ALL, ("read",), "all"),
        ((*_OF_CUSTOMERS, *_OF_CONTACTS), ("read", "create", "update", "delete", "export", "assign"), "subtree"),
    ),
    # Service must know whom it visits, wherever the customer belongs.
    "service": _grants(
        ((*_SEEN_BY_ALL, *_OF_CUSTOMERS, *_OF_CONTACTS), ("read",), "all"),
        (_OF_CONTACTS, ("create", "update"), "own"),
        (("asset",), ("create", "update"), "all"),
    ),
}

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
CALENDARS = [
    {
        "name": "Hamburg",
        "timezone": "Europe/Berlin",
        "hours": {day: [["08:00", "12:00"], ["12:45", "15:00" if day == "friday" else "17:00"]] for day in _DAYS},
        "holidays": "DE-HH",
    },
    {
        "name": "上海",
        "timezone": "Asia/Shanghai",
        "hours": {day: [["09:00", "12:00"], ["13:00", "18:00"]] for day in _DAYS},
        "holidays": "CN",
    },
]

LIFECYCLE = {
    "name": "customer",
    "revision": 1,
    "label": "Customer · 客户生命周期",
    "entity": "relationship",
    "definition": {
        "stages": [
            {"name": name, "category": category, "label": label}
            for name, category, label in (
                ("prospect", "open", "Prospect · 潜在客户"),
                ("interested", "open", "Interested · 意向客户"),
                ("customer", "active", "Customer · 客户"),
                ("at_risk", "active", "At risk · 有流失风险"),
                ("lost", "ended", "Lost · 流失"),
                ("won_back", "active", "Won back · 挽回"),
            )
        ]
    },
}

PRODUCTS = [
    Product(r[0], r[1], r[2], r[3], r[4], int(r[5]), int(r[6]), r[7], r[8], r[9])
    for r in _rows("""
KQ-P10 | systems | KQ Pure 10 bench-top system | 台式纯水机 | piece | 4900 | 2650 | 2019-03-04 | Type II water, 10 litres an hour. | 二级水，每小时10升。
KQ-P30 | systems | KQ Pure 30 bench-top system | 台式纯水机 | piece | 7400 | 3900 | 2019-03-04 | Type II water, 30 litres an hour. | 二级水，每小时30升。
KQ-U5 | systems | KQ Ultra 5 ultrapure system | 超纯水系统 | piece | 9800 | 5100 | 2020-09-14 | Type I water, 18.2 MΩ·cm, for trace analysis. | 一级水，18.2兆欧，用于痕量分析。
KQ-U15 | systems | KQ Ultra 15 ultrapure system | 超纯水系统 | piece | 14600 | 7500 | 2021-02-01 | Type I water for whole laboratories. | 一级水，供整个实验室使用。
KQ-U15B | systems | KQ Ultra 15 Bio ultrapure system | 生物型超纯水系统 | piece | 16900 | 8800 | 2025-09-08 | Free of nucleases and endotoxins. | 无核酸酶、无内毒素。
KQ-C200 | systems | KQ Central 200 loop system | 中央纯水系统 | piece | 48500 | 27900 | 2018-05-07 | Feeds a ring main of up to 40 points of use. | 环路供水，最多40个取水点。
KQ-C500 | systems | KQ Central 500 loop system | 中央纯水系统 | piece | 86000 | 49800 | 2022-06-13 | For production halls, with a spare line. | 用于生产车间，带备用线路。
KQ-CUS | systems | Custom build to specification | 定制水系统 | piece | 60000 | 38000 | 2018-01-08 | Planned with engineering; price as quoted. | 与工程部共同设计，价格以报价为准。
KQ-T60 | tanks | Storage tank 60 litres | 60升储水箱 | piece | 890 | 420 | 2018-01-08 | Conical, with vent filter. | 锥形，带呼吸过滤器。
KQ-T200 | tanks | Storage tank 200 litres | 200升储水箱 | piece | 2150 | 1080 | 2018-01-08 | Conical, with recirculation. | 锥形，带循环。
KQ-D1 | accessories | Dispenser arm | 取水臂 | piece | 680 | 310 | 2020-09-14 | Doses from a drop to 25 litres. | 从一滴到25升定量取水。
KQ-D2 | accessories | Dispenser arm with display | 带显示屏取水臂 | piece | 1040 | 495 | 2025-10-06 | Shows conductivity and TOC at the tap. | 在取水口显示电导率和TOC。
KQ-S1 | accessories | Leak sensor | 漏水传感器 | piece | 145 | 52 | 2018-01-08 | Closes the feed when the floor is wet. | 地面潮湿时自动关闭进水。
KQ-R1 | accessories | Remote monitor | 远程监控模块 | piece | 720 | 260 | 2026-01-12 | Tells service before the water gets worse. | 水质下降前提醒服务部。
KQ-K1 | cartridges | Pretreatment cartridge | 预处理柱 | piece | 165 | 61 | 2018-01-08 | Change every six months. | 每六个月更换。
KQ-K2 | cartridges | Ion exchange cartridge | 离子交换柱 | piece | 240 | 96 | 2018-01-08 | For KQ Pure. | 适用于KQ Pure。
KQ-K3 | cartridges | Ultrapure polishing cartridge | 超纯化柱 | piece | 385 | 150 | 2020-09-14 | For KQ Ultra. | 适用于KQ Ultra。
KQ-K4 | cartridges | Bio polishing cartridge | 生物型终端柱 | piece | 460 | 182 | 2025-09-08 | Keeps out nucleases. | 去除核酸酶。
KQ-F1 | cartridges | Point-of-use filter 0.2 µm | 0.2微米终端滤器 | piece | 95 | 33 | 2018-01-08 | Sterile, one year. | 无菌，使用期一年。
KQ-L1 | cartridges | UV lamp 185/254 nm | 紫外灯 | piece | 310 | 118 | 2018-01-08 | Change every two years. | 每两年更换。
KQ-M1 | cartridges | Reverse osmosis module | 反渗透膜组件 | piece | 540 | 235 | 2018-01-08 | 30 litres an hour. | 每小时30升。
SV-INS | services | Installation and training | 安装与培训 | visit | 650 | 310 | 2018-01-08 | One day on site. | 现场一天。
SV-MNT | services | Yearly maintenance contract | 年度维护合同 | year | 1180 | 540 | 2018-01-08 | Two visits, parts at a discount. | 每年两次上门，配件优惠。
SV-CAL | services | Calibration with certificate | 校准及证书 | visit | 420 | 190 | 2018-01-08 | Traceable, for audits. | 可溯源，用于审计。
SV-QUA | services | IQ/OQ qualification | IQ/OQ验证 | visit | 1950 | 870 | 2021-02-01 | Documents for regulated laboratories. | 适用于受监管实验室的文件。
""")
]

ORGANIZATIONS = [
    Organization(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], int(r[9]), int(r[10]), r[11], r[12])
    for r in _rows("""
D01 | own      | Kranichquell Laborwasser GmbH | kranichquell | DE | Hamburg | 20457 | Am Kranichkai 4 | Laboratory equipment | 96 | 1998 | anke.petersen |
D02 | key      | Alsterpharm AG | alsterpharm | DE | Hamburg | 22303 | Wiesendamm-Ost 118 | Pharma | 2400 | 1961 | merle.hansen |
D03 | customer | Alsterpharm Diagnostics GmbH | alsterpharm-dx | DE | Hamburg | 22305 | Barmbeker Winkel 7 | Diagnostics | 310 | 2009 | merle.hansen | D02
D04 | customer | Institut für Küstenanalytik | kuestenanalytik | DE | Kiel | 24105 | Fördesteig 21 | Water and environment | 140 | 1987 | merle.hansen |
D05 | customer | Universität Elbmarsch | uni-elbmarsch | DE | Lüneburg | 21335 | Campusallee 1 | University | 3100 | 1972 | tobias.krueger |
D06 | customer | Klinikum Nordhafen | klinikum-nordhafen | DE | Hamburg | 20359 | Hafenlazarett 2 | Hospital | 2800 | 1913 | merle.hansen |
D07 | customer | Heidelab Umweltanalytik GmbH | heidelab | DE | Soltau | 29614 | Wacholderweg 9 | Water and environment | 85 | 1994 | tobias.krueger |
D08 | customer | Biowerk Havel GmbH | biowerk-havel | DE | Potsdam | 14467 | Uferbogen 33 | Biotechnology | 220 | 2011 | tobias.krueger |
D09 | key      | Spreegen AG | spreegen | DE | Berlin | 10179 | Mühlengraben 12 | Biotechnology | 410 | 2006 | tobias.krueger |
D10 | prospect | Hochschule Weserbergland-Süd | hs-wbs | DE | Hameln | 31785 | Am Rattenfang 5 | University | 640 | 1999 | tobias.krueger |
D11 | customer | Isarchem Spezialchemie GmbH | isarchem | DE | München | 80337 | Lindwurmbogen 61 | Chemicals | 520 | 1954 | tobias.krueger |
D12 | customer | Rheinlabor Köln GmbH | rheinlabor | DE | Köln | 50667 | Domspitze 14 | Contract laboratory | 130 | 1989 | tobias.krueger |
D13 | customer | Taunus Dermapharm GmbH | taunus-dp | DE | Frankfurt am Main | 60311 | Mainkaiweg 40 | Pharma | 780 | 1968 | tobias.krueger |
D14 | lost     | Mainufer Analytik eG | mainufer | DE | Frankfurt am Main | 60594 | Schaumaineck 3 | Contract laboratory | 60 | 2001 | tobias.krueger |
D15 | customer | Brauerei Sturmmöwe KG | sturmmoewe | DE | Flensburg | 24937 | Speicherhof 8 | Food and beverages | 95 | 1888 | merle.hansen |
D16 | customer | Boddenmolkerei eG | boddenmolkerei | DE | Stralsund | 18439 | Salzgrund 17 | Food and beverages | 260 | 1991 | merle.hansen |
D17 | key      | Halbleiterwerk Elbtal GmbH | hw-elbtal | DE | Dresden | 01109 | Siliziumring 1 | Semiconductors | 1900 | 1997 | tobias.krueger |
D18 | customer | Optik Saaleck GmbH | optik-saaleck | DE | Jena | 07743 | Linsenweg 6 | Semiconductors | 340 | 1926 | tobias.krueger |
D19 | customer | Stadtwerke Lindenau | stadtwerke-lindenau | DE | Leipzig | 04177 | Wasserturmplatz 1 | Water and environment | 450 | 1902 | tobias.krueger |
D20 | lost     | Veterinärlabor Emsland GmbH | vetlab-emsland | DE | Lingen | 49808 | Moorkante 22 | Contract laboratory | 35 | 2004 | merle.hansen |
D21 | customer | Nordlicht Kosmetik GmbH | nordlicht-kosmetik | DE | Flensburg | 24939 | Glücksburger Stieg 15 | Cosmetics | 150 | 1996 | merle.hansen |
D22 | dealer   | Laborbedarf Hartwig KG | laborbedarf-hartwig | DE | Hannover | 30159 | Marktgasse 28 | Dealer | 42 | 1979 | jan.brandt |
D23 | customer | Fiedler-Institut für Zellforschung | fiedler-institut | DE | Göttingen | 37073 | Nonnenstieg-Nord 11 | Research institute | 380 | 1948 | tobias.krueger |
D24 | prospect | Kieler Zelltechnik GmbH | kieler-zelltechnik | DE | Kiel | 24118 | Boschstieg 3 | Biotechnology | 48 | 2019 | merle.hansen |
G01 | key      | Thamesgate Biologics Ltd | thamesgate | GB | London | E14 9ZZ | 3 Quayside Row | Pharma | 640 | 2002 | fiona.marsh |
G02 | customer | Calder & Wray Laboratories Ltd | calderwray | GB | Manchester | M1 9ZZ | 27 Weavers Yard | Contract laboratory | 110 | 1984 | fiona.marsh |
G03 | customer | University of Northmere | northmere | GB | Edinburgh | EH8 9ZZ | 1 Crag Lane | University | 4100 | 1903 | fiona.marsh |
G04 | customer | St Oswin's Hospital Trust | stoswins | GB | London | SE1 9ZZ | 90 Lambrook Street | Hospital | 5200 | 1921 | fiona.marsh |
G05 | customer | Avonside Brewing Company Ltd | avonside | GB | Bristol | BS1 9ZZ | 12 Maltings Wharf | Food and beverages | 90 | 1876 | fiona.marsh |
G06 | customer | Pennine Water Testing Ltd | pwt | GB | Manchester | M4 9ZZ | 5 Reservoir Road | Water and environment | 70 | 1990 | fiona.marsh |
G07 | dealer   | Fernhill Scientific Supplies Ltd | fernhill | GB | Bristol | BS2 9ZZ | 44 Fernhill Lane | Dealer | 38 | 1986 | fiona.marsh |
G08 | prospect | Lothian Genomics Ltd | lothian-genomics | GB | Edinburgh | EH3 9ZZ | 18 Canal Walk | Biotechnology | 85 | 2015 | fiona.marsh |
G09 | customer | Thamesgate Vaccines Ltd | thamesgate-vax | GB | London | E14 8ZZ | 5 Quayside Row | Pharma | 120 | 2016 | fiona.marsh | G01
A01 | dealer   | Donautal Labortechnik GmbH | donautal | AT | Linz | 4020 | Treppelweg 10 | Dealer | 27 | 1993 | jan.brandt |
A02 | customer | Alpenforum Pharma GmbH | alpenforum | AT | Salzburg | 5020 | Salzachsteig 31 | Pharma | 330 | 1977 | tobias.krueger |
S01 | customer | Zytologie Limmat AG | zytologie-limmat | CH | Zürich | 8005 | Limmatufer 200 | Diagnostics | 75 | 2000 | tobias.krueger |
N01 | prospect | Polderlab B.V. | polderlab | NL | Delft | 2611 AZ | Molenkade 6 | Contract laboratory | 64 | 2008 | merle.hansen |
C01 | own      | 鹤泉实验室设备（上海）有限公司 | kranichquell-cn | CN | 上海市 | 201203 | 浦东新区鹤泉路8号 | Laboratory equipment | 41 | 2012 | lin.xiaomei | D01
C02 | key      | 华东明源生物制药股份有限公司 | mingyuan | CN | 上海市 | 201210 | 浦东新区药谷大道600号 | Pharma | 1800 | 1999 | chen.zhiyuan |
C03 | customer | 明源疫苗（苏州）有限公司 | mingyuan-vax | CN | 苏州市 | 215123 | 工业园区明源街9号 | Pharma | 420 | 2013 | chen.zhiyuan | C02
C04 | customer | 明源检测技术（上海）有限公司 | mingyuan-jc | CN | 上海市 | 200233 | 徐汇区检测路18号 | Contract laboratory | 150 | 2010 | chen.zhiyuan | C02
C05 | customer | 浦江理工大学 | pjlg | CN | 上海市 | 200093 | 杨浦区理工路1号 | University | 5200 | 1956 | wang.siyu |
C06 | customer | 江海大学附属医院 | jhfy | CN | 南通市 | 226001 | 崇川区江海大道20号 | Hospital | 3300 | 1933 | wang.siyu |
C07 | customer | 申城环境监测中心 | schj | CN | 上海市 | 200030 | 徐汇区清源路55号 | Water and environment | 260 | 1983 | wang.siyu |
C08 | key      | 苏州芯澜半导体有限公司 | xinlan | CN | 苏州市 | 215126 | 工业园区芯澜路100号 | Semiconductors | 2100 | 2007 | chen.zhiyuan |
C09 | customer | 杭州西溪基因科技有限公司 | xixi-gene | CN | 杭州市 | 310030 | 西湖区基因街66号 | Biotechnology | 230 | 2014 | wang.siyu |
C10 | customer | 宁波远帆精细化工有限公司 | yuanfan | CN | 宁波市 | 315200 | 镇海区远帆路7号 | Chemicals | 340 | 2001 | wang.siyu |
C11 | customer | 南京钟麓药物研究院 | zhonglu | CN | 南京市 | 210009 | 鼓楼区药研路3号 | Research institute | 410 | 1978 | chen.zhiyuan |
C12 | customer | 合肥量城光电有限公司 | liangcheng | CN | 合肥市 | 230088 | 高新区光电路12号 | Semiconductors | 760 | 2016 | chen.zhiyuan |
C13 | customer | 北京燕岭临床检验所 | yanling | CN | 北京市 | 100089 | 海淀区检验胡同5号 | Contract laboratory | 190 | 2005 | wang.siyu |
C14 | prospect | 北京海岳细胞科技有限公司 | haiyue | CN | 北京市 | 100176 | 大兴区细胞街21号 | Biotechnology | 95 | 2020 | wang.siyu |
C15 | customer | 广州珠水饮料有限公司 | zhushui | CN | 广州市 | 510700 | 黄埔区珠水路88号 | Food and beverages | 1300 | 1992 | wang.siyu |
C16 | customer | 深圳前澜诊断科技有限公司 | qianlan | CN | 深圳市 | 518054 | 南山区前澜道30号 | Diagnostics | 360 | 2012 | chen.zhiyuan |
C17 | customer | 成都锦岷中药股份有限公司 | jinmin | CN | 成都市 | 611731 | 郫都区中药路2号 | Pharma | 980 | 1995 | wang.siyu |
C18 | lost     | 武汉东滨种业科技有限公司 | dongbin | CN | 武汉市 | 430074 | 洪山区种业路19号 | Research institute | 210 | 2003 | wang.siyu |
C19 | customer | 青岛海岚水产检测有限公司 | hailan | CN | 青岛市 | 266071 | 市南区海岚路14号 | Contract laboratory | 66 | 2011 | wang.siyu |
C20 | dealer   | 上海广沅仪器贸易有限公司 | guangyuan | CN | 上海市 | 200072 | 静安区广沅路40号 | Dealer | 54 | 2000 | zhao.lei |
C21 | dealer   | 北京科信岭实验器材有限公司 | kexinling | CN | 北京市 | 100080 | 海淀区器材街16号 | Dealer | 72 | 1998 | zhao.lei |
C22 | dealer   | 广州粤仪联科技有限公司 | yueyilian | CN | 广州市 | 510630 | 天河区仪联路23号 | Dealer | 47 | 2006 | zhao.lei |
C23 | customer | 厦门鹭汐化妆品有限公司 | luxi | CN | 厦门市 | 361006 | 湖里区鹭汐路50号 | Cosmetics | 280 | 2009 | wang.siyu |
C24 | prospect | 天津滨岚乳业有限公司 | binlan | CN | 天津市 | 300457 | 滨海新区乳业道11号 | Food and beverages | 890 | 1997 | zhao.lei |
""")
]

SUPPLIED_BY = {"D10": "D22", "D20": "D22", "G05": "G07", "A02": "A01", "C13": "C21", "C14": "C21", "C15": "C22", "C19": "C20"}
"""End customers that buy, or would, through a dealer."""

AREA_CODES = {
    "Hamburg": "+49 40 66969 {:03d}", "Berlin": "+49 30 23125 {:03d}", "Köln": "+49 221 4710 {:03d}",
    "München": "+49 89 99998 {:03d}", "Frankfurt am Main": "+49 69 90009 {:03d}", "London": "+44 20 7946 0{:03d}",
    "Manchester": "+44 161 496 0{:03d}", "Edinburgh": "+44 131 496 0{:03d}", "Bristol": "+44 117 496 0{:03d}",
    "Linz": "+43 732 000 {:03d}", "Salzburg": "+43 662 000 {:03d}", "Zürich": "+41 44 000 0{:03d}",
    "Delft": "+31 15 000 0{:03d}", "上海市": "+86 21 0000 0{:03d}", "北京市": "+86 10 0000 0{:03d}",
    "苏州市": "+86 512 0000 0{:03d}", "广州市": "+86 20 0000 0{:03d}", "深圳市": "+86 755 0000 0{:03d}",
    "杭州市": "+86 571 0000 0{:03d}", "南京市": "+86 25 0000 0{:03d}", "宁波市": "+86 574 0000 0{:03d}",
    "合肥市": "+86 551 0000 0{:03d}", "成都市": "+86 28 0000 0{:03d}", "武汉市": "+86 27 0000 0{:03d}",
    "青岛市": "+86 532 0000 0{:03d}", "厦门市": "+86 592 0000 0{:03d}", "天津市": "+86 22 0000 0{:03d}",
    "南通市": "+86 513 0000 0{:03d}",
}  # fmt: skip
"""Forms of telephone numbers by city; German cities without a range of their own take Hamburg's."""

FAMILIES = {
    "DE": "Albers Behn Clausen Dierks Ehlers Feddersen Gerdes Hinrichs Iwersen Jessen Kruse Lorenzen Mahnke Nissen Oetjen "
    "Paulsen Quast Reimers Schlüter Thomsen Ulfers Vogt Wiebe Zander Böttcher Köster Lüders Möller",
    "GB": "Ashdown Birkett Cartwright Dunmore Elwood Farrow Gledhill Hathaway Ingham Jessop Kershaw Lockwood Merriman "
    "Norwood Ormsby Pickering Redfern Stanhope Thackray Underhill",
    "CN": "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 高 林 罗 郑 梁 谢 宋 唐 许 韩 冯 邓 曹 彭 曾 萧 田 董 袁 潘 于 蒋 蔡 余 杜 叶 程 苏 "
    "魏 吕 丁 任 沈",
}
GIVEN = {
    "DE": "Antje Bernd Claudia Dörte Eike Frauke Gesine Henning Imke Jörg Kerstin Lutz Maike Niels Ortrud Philipp Renate "
    "Sönke Tanja Uwe Volker Wiebke Birgit Hauke Svenja Malte",
    "GB": "Alison Benedict Catriona Duncan Eleanor Fraser Gwen Harriet Imogen Jasper Kirsty Leonard Morag Nigel Olivia "
    "Priya Rupert Sanjay Tamsin Verity",
    "CN": "建国 晓东 丽华 志强 秀英 文博 佳怡 雪梅 海涛 永刚 思远 静怡 国栋 雅婷 明辉 春燕 俊杰 慧敏 立新 欣然 浩然 婉清 子墨 振华 玉兰 天宇 若琳 "
    "书航 晓峰 美玲",
}
TITLES = {
    "en": (
        "Head of Laboratory", "Purchasing Manager", "Quality Manager", "Laboratory Manager", "Head of Facilities",
        "Research Group Leader", "Managing Director",
    ),
    "zh": ("实验室主任", "采购经理", "质量经理", "设备科科长", "研发总监", "课题组组长", "总经理"),
}  # fmt: skip
