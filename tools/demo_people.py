"""The people of the demonstration's customers: their names, how they are reached, and what they consent to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tools import demo_company as company
from tools.demo_records import Chance, Person

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def all_people() -> list[Person]:
    """Return the people at customers, in the order of the customers."""
    found: list[Person] = []
    taken: set[str] = set()
    chance = Chance("kranichquell people")
    for number, organization in enumerate(company.ORGANIZATIONS):
        names = organization.country if organization.country in company.FAMILIES else "DE"
        titles = company.TITLES["zh" if organization.chinese else "en"]
        for at in range(0 if organization.part == "own" else 3 if organization.part == "key" else 2):
            while True:
                family = chance.one(company.FAMILIES[names])
                given = chance.one(company.GIVEN[names])
                if family + given not in taken:
                    taken.add(family + given)
                    break
            title = titles[(number + at * 2) % len(titles)]
            found.append(_person(len(found) + 1, organization, family, given, title, chance))
    return found


def _person(
    number: int, organization: company.Organization, family: str, given: str, title: str, chance: Chance
) -> Person:
    doctor = chance.happens(0.3)
    code = f"P{number:03d}"
    if organization.chinese:
        name, address, local = family + given, family + ("博士" if doctor else "老师"), f"p{number:03d}"
    else:
        name = f"{given} {family}"
        address = f"Dr. {family}" if doctor else name
        local = f"{given}.{family}".lower().translate(_GERMAN)
    phone = phone_of(organization, 100 + number)
    row = {
        "code": code,
        "organization": organization.code,
        "prefix": ("" if organization.chinese else "Dr.") if doctor else "",
        "suffix": "博士" if doctor and organization.chinese else "",
        "given_name": given,
        "family_name": family,
        "title": title,
        "country": organization.country,
        "language": language_of(organization),
        "birthday": f"--{chance.number(1, 12):02d}-{chance.number(1, 28):02d}" if chance.happens(0.2) else "",
        "email": f"{local}@{organization.domain}",
        "phone": phone,
        "wechat": f"微信: kq_{code.lower()}" if organization.chinese and chance.happens(0.5) else "",
        "owner": organization.owner,
        "team": team_of(organization.owner),
    }
    return Person(code, organization, name, address, row["email"], phone, row)


def consents(people: Sequence[Person]) -> Iterable[tuple[str, ...]]:
    """Return what people grant, deny and withdraw."""
    chance = Chance("kranichquell consents")
    for person in people:
        if not chance.happens(0.6):
            continue
        at = f"202{chance.number(4, 5)}-{chance.number(7, 12):02d}-{chance.number(1, 28):02d}T10:00:00Z"
        decision = "granted" if chance.happens(0.85) else "denied"
        evidence = "展会登记表，本人签字" if person.organization.chinese else "Card filled in and signed at the visit"
        yield person.code, "newsletter", "email", decision, "consent", evidence, at
        if decision == "granted" and chance.happens(0.15):
            after = f"2026-{chance.number(1, 5):02d}-{chance.number(1, 28):02d}T08:30:00Z"
            yield (
                person.code,
                "newsletter",
                "email",
                "withdrawn",
                "consent",
                "Unsubscribed by link · 通过链接退订",
                after,
            )


def phone_of(organization: company.Organization, number: int) -> str:
    """Return the telephone number of so many in a town."""
    form = company.AREA_CODES.get(organization.city, company.AREA_CODES["Hamburg"])
    return form.format(number)


def team_of(login: str) -> str:
    """Return a user's team."""
    return next(user.team for user in company.USERS if user.login == login)


def language_of(organization: company.Organization) -> str:
    """Return the language that a customer speaks."""
    return {"CN": "zh-Hans", "GB": "en"}.get(organization.country, "de")


def zone_of(country: str) -> str:
    """Return the time zone of a country."""
    cities = {"CN": "Asia/Shanghai", "GB": "Europe/London", "AT": "Europe/Vienna", "CH": "Europe/Zurich"}
    return cities.get(country, "Europe/Amsterdam" if country == "NL" else "Europe/Berlin")
