"""Importing without a mapping file: the columns are the fields of one entity, as an export has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from crmkit.core.entity import STAMPED, EntityInfo
from crmkit.core.errors import BadInput, did_you_mean
from crmkit.core.fieldtypes import Kind
from crmkit.core.messages import msg
from crmkit.services.importing.error_files import ADDED
from crmkit.services.importing.mapping import ImportMapping, RecordRule, ValueRule
from crmkit.services.importing.sources import open_sources

EXTERNAL = "external_id"
"""A column of this name holds what another system calls the record."""


def plain_mapping(info: EntityInfo, path: Path) -> ImportMapping:
    """Return the mapping for a table whose headers are names or labels of the fields of ``info``.

    Records that exist are found by a column ``id``, else ``external_id``, else by the fields of a unique key. Raises
    BadInput for a column that is no field, and where nothing tells which record a row is.
    """
    sources = open_sources(path)
    if len(sources) != 1:
        raise BadInput(
            msg("{path} holds {count} tables; without a mapping there must be one", path=str(path), count=len(sources))
        )
    (source,) = sources.values()
    fields, external = _fields(info, source.columns, path)
    match: tuple[str, ...] = ()
    if "id" in fields:
        match = ("id",)
    elif not external:
        match = next((key for key in info.unique if set(key) <= fields.keys()), ())
        if not match:
            keys = ", ".join(["id", EXTERNAL, *("+".join(key) for key in info.unique)])
            raise BadInput(
                msg(
                    "{path}: nothing tells which {entity} a row is; add one of the columns {keys}",
                    path=str(path),
                    entity=info.name,
                    keys=keys,
                )
            )
    rule = RecordRule(
        source=source.name,
        entity=info.name,
        external_id=f"{{{external}}}" if external and not match else "",
        match=match,
        fields=fields,
    )
    text = msgspec.json.encode(["plain", info.name, source.columns]).decode()
    return ImportMapping(name=path.stem, system="import", record=(rule,), text=text)


def _fields(info: EntityInfo, columns: Sequence[str], path: Path) -> tuple[dict[str, ValueRule], str]:
    names = {field.name.casefold(): field.name for field in info.fields}
    for field in info.fields:
        names.setdefault(field.label.casefold(), field.name)
        names.setdefault(field.name.replace("_", " ").casefold(), field.name)
    currencies = {f"{field.name}_currency": field.name for field in info.fields if field.kind is Kind.MONEY}
    exported: Literal["sheet", "json"] = "json" if "json" in path.suffix.lower() else "sheet"
    fields: dict[str, ValueRule] = {}
    external = ""
    amounts: dict[str, str] = {}
    for column in columns:
        folded = column.strip().casefold()
        name = names.get(folded)
        if name is None:
            if folded == EXTERNAL:
                external = column
            elif folded not in ADDED and folded not in currencies:
                known = [field.name for field in info.fields if field.name not in STAMPED]
                hint = did_you_mean(column, known)
                raise BadInput(
                    msg(
                        "{path}: {entity} has no field {column}; {hint}",
                        path=str(path),
                        entity=info.name,
                        column=column,
                        hint=hint,
                    )
                )
            continue
        if name in STAMPED or name == "deleted_at":
            continue
        if name in fields or name in amounts:
            raise BadInput(msg("{path}: two columns for {field}", path=str(path), field=f"{info.name}.{name}"))
        if info.by_name[name].kind is Kind.MONEY:
            amounts[name] = column
        else:
            fields[name] = ValueRule(from_=column, exported=exported, decimal=".")
    for name, column in amounts.items():
        currency = next((c for c in columns if c.strip().casefold() == f"{name}_currency"), "")
        if not currency:
            raise BadInput(
                msg(
                    "{path}: {column} needs a column {currency} beside it",
                    path=str(path),
                    column=column,
                    currency=f"{name}_currency",
                )
            )
        fields[name] = ValueRule(
            amount=ValueRule(from_=f"{{{column}}}", places=6, decimal="."), currency=f"{{{currency}}}"
        )
    return fields, external
