#!/usr/bin/env python3
"""Test vectors for the cryptography of remote SIM provisioning, worked out by
another library than the code uses: Python's `cryptography` (with `pip install
cryptography`, version 42 or later).

    proto/rsp_vectors.py > proto/rsp_vectors.h
"""
from cryptography.hazmat.primitives import cmac, hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
import hashlib

CURVES = [("RSP_P256", ec.SECP256R1()), ("RSP_BRAINPOOL", ec.BrainpoolP256R1())]
EID = bytes.fromhex("89049032000000000000000000000197")
HOST = b"esimrig"


def key(curve, words):
    number = int.from_bytes(hashlib.sha256(words.encode()).digest(), "big")
    return ec.derive_private_key(number % (1 << 255) + 1, curve)


def secret(k):
    return k.private_numbers().private_value.to_bytes(32, "big")


def point(k):
    return k.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def hexed(b):
    return b.hex().upper()


def row(*fields):
    print("\t{ " + ",\n\t  ".join(fields) + " },")


def text(b):
    """A C string of hex digits, in lines of 32 bytes."""
    h = hexed(b)
    return "\n\t  ".join('"%s"' % h[i:i + 64] for i in range(0, len(h) or 1, 64))


def agreements():
    for name, curve in CURVES:
        a, b = key(curve, name + " eUICC"), key(curve, name + " SM-DP+")
        z = a.exchange(ec.ECDH(), b.public_key())
        info = bytes([0x88, 0x10, len(HOST)]) + HOST + bytes([len(EID)]) + EID
        keys = X963KDF(hashes.SHA256(), 48, info).derive(z)
        row(name, text(secret(a)), text(point(a)), text(secret(b)), text(point(b)),
            text(z), text(keys))


def signatures():
    for name, curve in CURVES:
        k = key(curve, name + " signer")
        for message in (b"", b"sample", b"x" * 1000):
            der = k.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
            r, s = utils.decode_dss_signature(der)
            row(name, text(secret(k)), text(point(k)), text(message),
                text(r.to_bytes(32, "big") + s.to_bytes(32, "big")))


class Bsp:
    """One end of the channel that carries a package (SGP.22, 2.6.4.2)."""

    def __init__(self, mcv, enc, mac):
        self.mcv, self.enc, self.mac, self.block = mcv, enc, mac, 1

    def protect(self, tag, plain):
        data = plain
        if tag != 0x88:
            padded = plain + b"\x80" + bytes(-(len(plain) + 1) % 16)
            ecb = Cipher(algorithms.AES(self.enc), modes.ECB()).encryptor()
            iv = ecb.update(self.block.to_bytes(16, "big"))
            cbc = Cipher(algorithms.AES(self.enc), modes.CBC(iv)).encryptor()
            data = cbc.update(padded)
        n = len(data) + 8
        length = (bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else
                  bytes([0x82, n >> 8, n & 255]))
        c = cmac.CMAC(algorithms.AES(self.mac))
        c.update(self.mcv + bytes([tag]) + length + data)
        self.mcv = c.finalize()
        self.block += 1
        return bytes([tag]) + length + data + self.mcv[:8]


def segments():
    keys = [hashlib.sha256(w).digest()[:16] for w in (b"mcv", b"enc", b"mac")]
    print("#define VECTOR_KEYS " + '"%s"' % hexed(b"".join(keys)))
    print("\nstatic const struct vector_segment vector_segments[] = {")
    bsp = Bsp(*keys)
    for tag, plain in ((0x87, bytes.fromhex("BF2400")), (0x88, b"m" * 45),
                       (0x88, b"n" * 200), (0x86, b""), (0x86, b"p" * 15),
                       (0x86, b"q" * 16), (0x86, bytes(range(256)) * 3 + b"r" * 239)):
        row("0x%02X" % tag, text(plain), text(bsp.protect(tag, plain)))
    print("};")


def hash_cc():
    tid = bytes.fromhex("0102030405060708090A0B0C0D0E0F10")
    for code in (b"1234", b"", "Schl\u00fcssel".encode()):
        row(text(code), text(tid),
            text(hashlib.sha256(hashlib.sha256(code).digest() + tid).digest()))


def main():
    print("/* Written by proto/rsp_vectors.py, which tells how; all in hex. */")
    print("#ifndef PROTO_RSP_VECTORS_H\n#define PROTO_RSP_VECTORS_H\n")
    print('#include "proto/rsp_ec.h"\n')
    print("/* Key agreement as between eUICC and SM-DP+: z, then initial MAC chaining\n"
          " * value, S-ENC and S-MAC. */")
    print('#define VECTOR_HOST "%s"' % HOST.decode())
    print('#define VECTOR_EID "%s"\n' % hexed(EID))
    print("static const struct vector_agreement {\n\tenum rsp_curve curve;\n"
          "\tconst char *euicc_secret, *euicc_point, *smdp_secret, *smdp_point, *z, *keys;\n"
          "} vector_agreements[] = {")
    agreements()
    print("};\n\n/* ECDSA with the nonces of RFC 6979. */")
    print("static const struct vector_signature {\n\tenum rsp_curve curve;\n"
          "\tconst char *secret, *point, *message, *signature;\n"
          "} vector_signatures[] = {")
    signatures()
    print("};\n\n/* TLVs of a package, one after the other, under one set of keys. */")
    print("struct vector_segment {\n\tunsigned tag;\n\tconst char *plain, *protected;\n};")
    segments()
    print("\nstatic const struct vector_hash_cc {\n"
          "\tconst char *code, *transaction, *hash;\n} vector_hash_cc[] = {")
    hash_cc()
    print("};\n\n#endif")


main()
