"""Certificates of the stack's own authority, for the database and for the proxy."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

AUTHORITY_LASTS = timedelta(days=3650)
LASTS = timedelta(days=397)
"""The longest that browsers take."""
RENEWED_BEFORE = timedelta(days=30)
_AUTHORITY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "iRacing pipeline, own authority")])
_TOLERANCE = timedelta(hours=1)  # of clocks that are not quite right


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority that issues certificates."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make(
    folder: Path, names: Mapping[str, Sequence[str]], *, now: datetime | None = None
) -> list[str]:
    """Make the certificates that are missing, near their end, or of other names; their names.

    ``ca_certificate`` is what clients trust, ``ca_key`` its key, which no container gets. A
    certificate that another authority issued is left alone.

    Args:
        folder: Where they go, as ``NAME_certificate`` and ``NAME_key``.
        names: For each, the host names and addresses that it is of.
        now: The time.

    Raises:
        OSError: From the disk.
        ValueError: If a file holds no certificate or key.
    """
    now = now or datetime.now(UTC)
    made = []
    if not (folder / "ca_key").exists() or not (folder / "ca_certificate").exists():
        _authority(folder, now)
        made.append("ca_certificate")
    certificate = x509.load_pem_x509_certificate((folder / "ca_certificate").read_bytes())
    key = serialization.load_pem_private_key((folder / "ca_key").read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{folder / 'ca_key'} is not a key that was made here")  # noqa: TRY004
    issuer = Authority(certificate, key)
    for name, hosts in names.items():
        if not _good(folder / f"{name}_certificate", issuer, hosts, now):
            _issue(folder, name, hosts, issuer, now)
            made.append(f"{name}_certificate")
    return made


def _authority(folder: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _builder(_AUTHORITY, _AUTHORITY, key, now, AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(folder / "ca_key", _pem(key), 0o600)
    _write(folder / "ca_certificate", certificate.public_bytes(serialization.Encoding.PEM))


def _issue(folder: Path, name: str, hosts: Sequence[str], issuer: Authority, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    certificate = (
        _builder(subject, issuer.certificate.subject, key, now, LASTS)
        .add_extension(x509.SubjectAlternativeName([_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(authority, critical=False)
        .sign(issuer.key, hashes.SHA256())
    )
    _write(folder / f"{name}_key", _pem(key))
    _write(folder / f"{name}_certificate", certificate.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    lasts: timedelta,
) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _TOLERANCE)
        .not_valid_after(now + lasts)
        .add_extension(identifier, critical=False)
    )


def _good(path: Path, issuer: Authority, hosts: Sequence[str], now: datetime) -> bool:
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    if certificate.issuer != issuer.certificate.subject:
        return True  # its owner's
    try:
        certificate.verify_directly_issued_by(issuer.certificate)
    except InvalidSignature:
        return False  # of an authority that was here before
    names_in = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    wanted = x509.SubjectAlternativeName([_name(host) for host in hosts])
    return names_in == wanted and certificate.not_valid_after_utc - now > RENEWED_BEFORE


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, mode: int = 0o644) -> None:
    """In a folder that is its owner's alone: see :mod:`iracing_pipeline.stack.secrets`."""
    partial = path.with_name(f"{path.name}.partial")
    partial.touch(mode=mode)
    partial.chmod(mode)
    partial.write_bytes(content)
    partial.replace(path)
