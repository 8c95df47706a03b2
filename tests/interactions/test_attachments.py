"""Attachments: checked by content, kept once, removed when nothing refers to them."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.attachment_rules import AttachmentRules
from crmkit.core.entity import change
from crmkit.core.errors import BadInput, ConfigError, CrmError, NotFound
from crmkit.core.interaction import Attachment, Interaction
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.services.attachments import (
    Attachments,
    Contents,
    FolderContents,
    MemoryContents,
    attach,
    media_type_of,
    read,
    release,
    safe_name,
    sources,
    sweep,
)
from crmkit.services.interactions import correct, log

PDF = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0" * 40


def archive(*names: str, first: bytes = b"") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        if first:
            file.writestr("mimetype", first)
        for name in names:
            file.writestr(name, "x")
    return made.getvalue()


WORD = archive("[Content_Types].xml", "word/document.xml")
OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES = {
    "a.pdf": (PDF, "application/pdf"),
    "picture.exe": (PNG, "image/png"),
    "a.docx": (WORD, f"{OFFICE}.wordprocessingml.document"),
    "a.xlsx": (archive("[Content_Types].xml", "xl/workbook.xml"), f"{OFFICE}.spreadsheetml.sheet"),
    "a.pptx": (archive("[Content_Types].xml", "ppt/presentation.xml"), f"{OFFICE}.presentationml.presentation"),
    "a.odt": (archive("content.xml", first=b"application/vnd.oasis.opendocument.text"), "application/vnd.oasis.opendocument.text"),
    "a.txt": (b"plain words", "text/plain"),
    "b.csv": (b"a,b\n1,2\n", "text/csv"),
    "gbk.txt": ("你好，客户".encode("gbk"), "text/plain"),
    "wide.txt": ("Grüße".encode("utf-16"), "text/plain"),
    "c.json": (b'{"a": 1}', "application/json"),
    "c.txt": (b"{ not json", "text/plain"),
    "d.ics": (b"BEGIN:VCALENDAR\r\n", "text/calendar"),
    "e.vcf": (b"BEGIN:VCARD\r\n", "text/vcard"),
    "f.eml": (b"From: a@b.de\r\nSubject: x\r\n\r\nHi", "message/rfc822"),
    "g.jpg": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + b"\0" * 50, "image/jpeg"),
    "h.mp3": (b"ID3\x03\0" + b"\0" * 50, "audio/mpeg"),
    "empty.txt": (b"", "text/plain"),
    "BM.txt": (b"BM is how this text begins", "text/plain"),
    "i.rtf": (b"{\\rtf1 hello}", "application/rtf"),
}  # fmt: skip
REFUSED = {
    "invoice.pdf": (b"MZ\x90\0" + b"\0" * 100, "application/vnd.microsoft.portable-executable"),
    "b.pdf": (b"\x7fELF\x02\x01\x01" + b"\0" * 60, "application/x-executable"),
    "page.txt": (b"  <!DOCTYPE html><html><script>alert(1)</script>", "text/html"),
    "drawing.png": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"></svg>', "image/svg+xml"),
    "script.txt": (b"#!/bin/sh\nrm -rf /\n", "text/x-script"),
    "macro.docx": (archive("[Content_Types].xml", "word/vbaProject.bin"), "application/vnd.ms-office.macroenabled"),
    "zip.pdf": (archive("a.txt"), "application/zip"),
    "broken.docx": (WORD[:40], "application/octet-stream"),
    "bytes.txt": (bytes(range(256)), "application/octet-stream"),
}  # fmt: skip


@pytest.mark.parametrize("name", [*TYPES, *REFUSED], ids=str)
def test_the_content_tells_the_type_and_the_rules_whether_it_is_taken(name: str) -> None:
    content, expected = (TYPES | REFUSED)[name]
    assert media_type_of(content, name) == expected
    assert media_type_of(io.BytesIO(content), name) == expected
    assert AttachmentRules().takes(expected) == (name in TYPES)


def test_a_file_is_looked_at_piece_by_piece(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sources, "PIECE", 3)
    for content, expected in (("客户，" * 500, "text/plain"), ("a" * 5_000 + "\0", "application/octet-stream")):
        for encoding in ("utf-8", "gb18030"):
            path = tmp_path / "some.txt"
            path.write_bytes(content.encode(encoding))
            with path.open("rb") as file:
                assert media_type_of(file, "some.txt") == expected
                assert sources.size_of(file) == path.stat().st_size
                assert sources.digest_of(file) == sources.digest_of(path.read_bytes())


@given(st.binary(max_size=200), st.text(max_size=10))
def test_any_content_has_a_type(content: bytes, name: str) -> None:
    assert media_type_of(content, name).count("/") == 1


NAMES = {
    "../../etc/passwd": "passwd",
    "..\\..\\boot.ini": "boot.ini",
    "/": "file",
    "..": "file",
    "": "file",
    "a\0b.txt": "ab.txt",
    "C:\\Users\\x\\报价单.pdf": "报价单.pdf",
    "con.txt": "_con.txt",
    "in\u202egpj.exe": "ingpj.exe",
    "a:b?.txt": "a_b_.txt",
    "line\nbreak.txt": "linebreak.txt",
    " .hidden ": "hidden",
}


@pytest.mark.parametrize("given_", NAMES, ids=ascii)
def test_names_are_no_paths(given_: str) -> None:
    assert safe_name(given_) == NAMES[given_]


@given(st.text(max_size=400))
def test_any_name_becomes_one_that_can_be_written(name: str) -> None:
    made = safe_name(name)
    assert made
    assert made == safe_name(made)
    assert "/" not in made
    assert "\\" not in made
    assert made not in (".", "..")
    assert len(made.encode()) <= 255


def test_long_names_keep_their_ending() -> None:
    assert safe_name("x" * 500 + ".pdf") == "x" * 196 + ".pdf"
    assert safe_name("客" * 300 + ".pdf").endswith("客.pdf")


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Attachments:
    contents: Contents = FolderContents(tmp_path / "files") if request.param == "folder" else MemoryContents()
    return Attachments(contents)


@pytest.fixture
def mail(crm: Crm) -> Interaction:
    with crm.session() as session:
        return log(session, "email", subject="With files").interaction


def test_a_file_is_attached_once_and_its_content_kept_once(crm: Crm, mail: Interaction, store: Attachments) -> None:
    with crm.session() as session:
        first = attach(session, store, mail, "../a.pdf", PDF)
        again = attach(session, store, mail, "a.pdf", PDF)
        other = attach(session, store, mail, "b.pdf", PDF)
        assert (first.filename, first.id == again.id, first.id == other.id) == ("a.pdf", True, False)
    with crm.session() as session:
        (one, two) = session.list(Attachment, interaction_id=mail.id, order="filename")
        assert (one.media_type, one.size, one.sha256 == two.sha256) == ("application/pdf", len(PDF), True)
        assert read(session, store, one) == PDF
        assert len(list(store.contents.kept(crm.system.tenant_id))) == 1
        assert attach(session, store, mail, "a.pdf", PDF).id == first.id


def test_what_is_too_large_or_not_taken_is_refused_and_not_kept(
    crm: Crm, mail: Interaction, store: Attachments
) -> None:
    small = Attachments(store.contents, AttachmentRules(largest=10))
    pictures = Attachments(store.contents, AttachmentRules(types=("image/*",)))
    with crm.session() as session:
        with pytest.raises(BadInput, match=r"file a\.pdf: 36 bytes; at most 10 are taken"):
            attach(session, small, mail, "a.pdf", PDF)
        with pytest.raises(BadInput, match="its content is application/pdf, which is not taken"):
            attach(session, pictures, mail, "a.png", PDF)
        assert attach(session, pictures, mail, "a.png", PNG).media_type == "image/png"
    assert len(list(store.contents.kept(crm.system.tenant_id))) == 1


def test_contents_of_tenants_are_apart(crm: Crm, store: Attachments, clock: FixedClock) -> None:
    one, other = uuid4(), uuid4()
    digest = store.contents.put(one, PDF, clock.now())
    assert store.contents.has(one, digest)
    assert not store.contents.has(other, digest)
    with pytest.raises(NotFound):
        store.contents.get(other, digest)


@pytest.mark.parametrize("digest", ["", "../../x", "A" * 64, "a" * 63, "a" * 64 + "/.."], ids=ascii)
def test_nothing_but_a_digest_names_a_content(store: Attachments, digest: str) -> None:
    with pytest.raises(NotFound):
        store.contents.get(uuid4(), digest)


def test_a_folder_holds_whole_files_that_others_cannot_read_and_notices_altered_ones(
    tmp_path: Path, clock: FixedClock
) -> None:
    contents, tenant = FolderContents(tmp_path / "files"), uuid4()
    digest = contents.put(tenant, PDF, clock.now())
    (file,) = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert file.stat().st_mode & 0o077 == 0
    assert list(contents.kept(tenant)) == [(digest, clock.now())]
    file.write_bytes(PDF[:-1] + b"x")
    with pytest.raises(CrmError, match="was altered"):
        contents.get(tenant, digest)
    file.write_bytes(b"cut off")
    contents.put(tenant, PDF, clock.now())
    assert contents.get(tenant, digest) == PDF
    before = sorted(os.listdir(file.parent))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    original, os.replace = os.replace, full  # type: ignore[assignment]
    try:
        with pytest.raises(OSError, match="No space left"):
            contents.put(tenant, PNG, clock.now())
    finally:
        os.replace = original
    assert sorted(os.listdir(file.parent)) == before
    assert [name for _, _, names in os.walk(tmp_path) for name in names] == [digest]


def test_what_nothing_refers_to_is_swept_when_it_is_old(
    crm: Crm, mail: Interaction, store: Attachments, clock: FixedClock
) -> None:
    with crm.session() as session:
        attach(session, store, mail, "a.pdf", PDF)
        session.rollback()
    with crm.session() as session:
        kept = attach(session, store, mail, "a.png", PNG)
    clock.advance(hours=23)
    with crm.session() as session:
        assert sweep(session, store) == 0
    clock.advance(hours=2)
    with crm.session() as session:
        assert sweep(session, store) == 1
        assert sweep(session, store) == 0
        assert read(session, store, kept) == PNG


def test_contents_go_with_the_last_that_refers_to_them(crm: Crm, mail: Interaction, store: Attachments) -> None:
    with crm.session() as session:
        files = [attach(session, store, mail, name, PDF) for name in ("a.pdf", "b.pdf")]
    digest, tenant = files[0].sha256, crm.system.tenant_id
    with crm.session() as session:
        session.delete(session.get(Attachment, files[0].id))
        release(session, store, [digest])
    assert store.contents.has(tenant, digest)
    for file in files:
        assert store.contents.has(tenant, digest)
        with crm.session() as session:
            (found,) = session.list(Attachment, deleted=True, id=file.id)
            session.update(change(found, sha256="", filename="erased"))  # as an erasure leaves it
            release(session, store, [digest, ""])
    assert not store.contents.has(tenant, digest)
    with crm.session() as session:
        attach(session, store, mail, "c.pdf", PDF)
        release(session, store, [digest])
        session.rollback()
    assert store.contents.has(tenant, digest)


def test_somebody_attaches_what_another_removes(crm: Crm, mail: Interaction, store: Attachments) -> None:
    with crm.session() as session:
        made = attach(session, store, mail, "a.pdf", PDF)
        # Removed by somebody who asked before this was committed.
        store.contents.remove(crm.system.tenant_id, made.sha256)
    with crm.session(reads=True) as session:
        assert read(session, store, made) == PDF


def test_corrections_keep_their_files(crm: Crm, mail: Interaction, store: Attachments) -> None:
    with crm.session() as session:
        attach(session, store, mail, "a.pdf", PDF)
    with crm.session() as session:
        made = correct(session, mail.id, subject="Better")
    with crm.session() as session:
        (file,) = session.list(Attachment, interaction_id=made.id)
        assert read(session, store, file) == PDF


def test_where_an_application_keeps_them(tmp_path: Path, postgres_url: str) -> None:
    with Crm.open(f"sqlite:///{tmp_path}/my.db", plugins=[]) as crm:
        contents = crm.attachments.contents
        assert isinstance(contents, FolderContents)
        assert contents.folder == tmp_path / "my-attachments"
    config = {"attachments": {"folder": "files", "largest": 5, "types": ["image/png"]}}
    with Crm.open(postgres_url, plugins=[], config=config) as crm:
        assert isinstance(crm.attachments.contents, FolderContents)
        assert crm.attachments.rules == AttachmentRules(folder="files", largest=5, types=("image/png",))
    with Crm.open(postgres_url, plugins=[]) as crm, pytest.raises(ConfigError, match=r"set attachments\.folder"):
        crm.attachments  # noqa: B018
    with Crm.open(plugins=[]) as crm:
        assert isinstance(crm.attachments.contents, MemoryContents)
    with pytest.raises(ConfigError, match=r"attachments\.largest"):
        Crm.open(plugins=[], config={"attachments": {"largest": 0}})
