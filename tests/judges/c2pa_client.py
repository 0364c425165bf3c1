"""Sign a picture, or read what its signature is worth, with the C2PA project's own library: what it says, as JSON.

`sign FROM TO` signs with a certificate made for the occasion; `read FILE` gives the validation's state and findings,
null where there is no manifest.
"""

import importlib
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

C2PA: Any = importlib.import_module("c2pa")  # not installed where this is type-checked

MANIFEST = {
    "claim_generator_info": [{"name": "a test", "version": "1"}],
    "assertions": [
        {
            "label": "c2pa.actions",
            "data": {
                "actions": [
                    {
                        "action": "c2pa.created",
                        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
                    }
                ]
            },
        }
    ],
}


def sign(source: str, target: str) -> str:
    root_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    root = certificate("Test root", root_key, "Test root", root_key, is_root=True)
    leaf = certificate("Test signer", key, "Test root", root_key, is_root=False)
    chain = leaf.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    by = C2PA.C2paSignerInfo("es256", chain, secret, None)
    with C2PA.Signer.from_info(by) as signer, C2PA.Builder(MANIFEST) as builder:
        builder.sign_file(source, target, signer)
    return read(target)


def read(path: str) -> str:
    try:
        with C2PA.Reader(path) as reader:
            told = json.loads(reader.json())
    except C2PA.C2paError.ManifestNotFound:
        return json.dumps(None)
    failures = told["validation_results"]["activeManifest"]["failure"]
    return json.dumps({"state": told["validation_state"], "failures": [one["code"] for one in failures]})


def certificate(
    name: str,
    key: EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: EllipticCurvePrivateKey,
    *,
    is_root: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_root,
        key_cert_sign=is_root,
        crl_sign=is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not is_root:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return made.sign(issuer_key, SHA256())


def named(name: str) -> x509.Name:
    attributes = {NameOID.ORGANIZATION_NAME: "Test", NameOID.COMMON_NAME: name}
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in attributes.items()])


if __name__ == "__main__":
    command, *paths = sys.argv[1:]
    sys.stdout.write(sign(*paths) if command == "sign" else read(*paths))
