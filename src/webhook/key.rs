//! Secrets made ready for use: what a proof is checked and made with.
//!
//! A key is made once, when the configuration is read. So a secret of a wrong form is told to its
//! owner then, and a delivery costs no preparation.

use super::claim::TOKEN_MAX;
use super::scheme::{Carrier, Hash, KeyEncoding, KeyForm, Kind, Scheme};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{self, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use std::borrow::Cow;
use subtle::{Choice, ConstantTimeEq};

/// The bytes of a public ed25519 key.
const ED25519_PUBLIC: usize = 32;
/// The bytes of a private ed25519 key: its seed, and the public key after it.
const ED25519_PRIVATE: usize = 64;

/// The points of ed25519 of a low order, without the bit that tells x from -x: of the orders 4, 1, 2, and twice 8. With
/// such a key a signature that anybody can make holds for every eighth message or more (RFC 8032, 5.1.7, which leaves
/// them out of its checks; libsodium's `ge25519_has_small_order`).
const ED25519_WEAK: [[u8; ED25519_PUBLIC]; 5] = [
    [0; ED25519_PUBLIC],
    y_of_ed25519(0x01, 0x00, 0x00),
    y_of_ed25519(0xec, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];
/// The prime of the field, 2^255 - 19: a y that is not below it is written otherwise (RFC 8032, 5.1.3).
const ED25519_PRIME: [u8; ED25519_PUBLIC] = y_of_ed25519(0xed, 0xff, 0x7f);

/// Returns a number of so many bytes, the lowest first, of which all but the ends are the same.
const fn y_of_ed25519(first: u8, between: u8, last: u8) -> [u8; ED25519_PUBLIC] {
    let mut bytes = [between; ED25519_PUBLIC];
    bytes[0] = first;
    bytes[ED25519_PUBLIC - 1] = last;
    bytes
}

/// How many bits the modulus of an RSA key has at least and at most: what the check of signatures takes.
const RSA_BITS_LEAST: usize = 2048;
const RSA_BITS_MOST: usize = 8192;
/// The name of RSA among the algorithms: 1.2.840.113549.1.1.1 (RFC 8017, A.1).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// What proofs are checked with.
pub(super) enum Key {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Hmac<Sha512>),
    /// The hash of a token: two of them can be compared without telling how long a token is.
    Token([u8; 32]),
    /// A public key, and the private one where the configuration has it.
    Ed25519([u8; ED25519_PUBLIC], Option<Box<Ed25519KeyPair>>),
    /// The DER text of a public RSA key (RFC 8017, A.1.1).
    Rsa(Vec<u8>),
}

/// Why a secret can't be used. No part of it is in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyMistake {
    /// Anybody can compute what is keyed with nothing.
    #[error("is empty")]
    Empty,
    /// It should be hexadecimal digits.
    #[error("is not written in hexadecimal digits")]
    NotHex,
    /// It should be base64.
    #[error("is not base64 with its padding")]
    NotBase64,
    /// It has not the length of an ed25519 key.
    #[error("is no ed25519 key: a public one has 32 bytes, a private one 64 with the public one at its end")]
    NotEd25519,
    /// A public ed25519 key with which a signature proves nothing.
    #[error("is an ed25519 key of a low order, with which anybody can sign, or no key at all")]
    WeakEd25519,
    /// A token that a header carries without its blanks (RFC 9110, 5.5).
    #[error("has a blank at an end, where no header has one: no sender can show it")]
    Blank,
    /// A token with a character that no header has (RFC 9110, 5.5).
    #[error("has a control character: no sender can show it")]
    Control,
    /// A token or password longer than what is looked at.
    #[error("has more than {TOKEN_MAX} bytes: no longer one is looked at")]
    TooLong,
    /// A token or password that no header can carry (RFC 9110, 5.5).
    #[error("has a line break inside, or more than one at its end: no sender can show it")]
    LineBreak,
    /// Not `user:password`.
    #[error("is not `user:password`")]
    NotBasic,
    /// Not an RSA public key in PEM.
    #[error("is no RSA public key in PEM, `-----BEGIN PUBLIC KEY-----`")]
    NotRsa,
    /// An RSA public key with which nothing is checked.
    #[error("is an RSA key of {0} bits, and only those of {RSA_BITS_LEAST} to {RSA_BITS_MOST} are taken")]
    RsaLength(usize),
}

impl Key {
    /// Makes the key of a secret of a scheme.
    pub(super) fn of(scheme: &Scheme, secret: &[u8]) -> Result<Self, KeyMistake> {
        if matches!(scheme.kind, Kind::Token | Kind::Basic) {
            can_be_shown(scheme, &decoded(&scheme.key, secret)?)?;
        }
        Self::read(scheme.kind, &scheme.key, secret)
    }

    /// Makes the key of a secret.
    pub(super) fn read(kind: Kind, form: &KeyForm, secret: &[u8]) -> Result<Self, KeyMistake> {
        let bytes = decoded(form, secret)?;
        if bytes.is_empty() {
            return Err(KeyMistake::Empty);
        }
        const ANY: &str = "a key of any length is allowed: a long one is hashed first";
        Ok(match kind {
            Kind::Hmac(Hash::Sha1) => Self::Sha1(Hmac::new_from_slice(&bytes).expect(ANY)),
            Kind::Hmac(Hash::Sha256) => Self::Sha256(Hmac::new_from_slice(&bytes).expect(ANY)),
            Kind::Hmac(Hash::Sha512) => Self::Sha512(Hmac::new_from_slice(&bytes).expect(ANY)),
            Kind::Token => Self::Token(Sha256::digest(&bytes).into()),
            Kind::Basic if !bytes.contains(&b':') => return Err(KeyMistake::NotBasic),
            Kind::Basic => Self::Token(Sha256::digest(&bytes).into()),
            Kind::Ed25519 => ed25519(&bytes)?,
            Kind::Sns => Self::Rsa(rsa(&bytes)?),
        })
    }

    /// Says whether anybody may know the secret that the key was made of.
    pub(super) fn is_public(&self) -> bool {
        matches!(self, Self::Ed25519(_, None) | Self::Rsa(_))
    }

    /// Says whether any of some claims proves the pieces. All are tried.
    pub(super) fn proves(&self, pieces: &[Cow<'_, [u8]>], claims: &[Vec<u8>]) -> bool {
        let any = |equals: &dyn Fn(&[u8]) -> Choice| claims.iter().fold(Choice::from(0), |any, it| any | equals(it));
        bool::from(match self {
            Self::Sha1(key) => any(&|claim| hashed(key, pieces).as_slice().ct_eq(claim)),
            Self::Sha256(key) => any(&|claim| hashed(key, pieces).as_slice().ct_eq(claim)),
            Self::Sha512(key) => any(&|claim| hashed(key, pieces).as_slice().ct_eq(claim)),
            Self::Token(token) => any(&|claim| token[..].ct_eq(&Sha256::digest(claim)[..])),
            Self::Ed25519(public, _) => {
                let (message, key) = (pieces.concat(), UnparsedPublicKey::new(&signature::ED25519, public));
                any(&|claim| Choice::from(u8::from(key.verify(&message, claim).is_ok())))
            }
            Self::Rsa(_) => Choice::from(0),
        })
    }

    /// Returns the proof of some pieces, for a key that can make one.
    pub(super) fn prove(&self, pieces: &[Cow<'_, [u8]>]) -> Option<Vec<u8>> {
        match self {
            Self::Sha1(key) => Some(hashed(key, pieces).to_vec()),
            Self::Sha256(key) => Some(hashed(key, pieces).to_vec()),
            Self::Sha512(key) => Some(hashed(key, pieces).to_vec()),
            Self::Ed25519(_, Some(pair)) => Some(pair.sign(&pieces.concat()).as_ref().to_vec()),
            Self::Ed25519(_, None) | Self::Token(_) | Self::Rsa(_) => None,
        }
    }

    /// Says whether an RSA signature of a text holds.
    pub(super) fn proves_rsa(&self, hash: Hash, text: &[u8], claim: &[u8]) -> bool {
        let Self::Rsa(key) = self else { return false };
        let algorithm: &dyn signature::VerificationAlgorithm = match hash {
            Hash::Sha1 => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Hash::Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        };
        UnparsedPublicKey::new(algorithm, key).verify(text, claim).is_ok()
    }
}

/// Returns a keyed hash, whatever hash is under it.
fn hashed<M: Mac + Clone>(key: &M, pieces: &[Cow<'_, [u8]>]) -> hmac::digest::Output<M> {
    let mut hash = key.clone();
    for piece in pieces {
        hash.update(piece);
    }
    hash.finalize().into_bytes()
}

/// Undoes the form of a secret's text.
fn decoded(form: &KeyForm, secret: &[u8]) -> Result<Vec<u8>, KeyMistake> {
    let prefix = form.prefixes.iter().find_map(|prefix| secret.strip_prefix(prefix.as_bytes()));
    let rest = prefix.unwrap_or(secret);
    match form.encoding {
        KeyEncoding::Text => Ok(rest.to_vec()),
        KeyEncoding::Hex => hex::decode(rest).map_err(|_| KeyMistake::NotHex),
        KeyEncoding::Base64 => STANDARD.decode(rest).map_err(|_| KeyMistake::NotBase64),
    }
}

/// Says whether a request can show a token or a password at the place where a scheme has it.
fn can_be_shown(scheme: &Scheme, token: &[u8]) -> Result<(), KeyMistake> {
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    // Behind a prefix a token may begin with blanks: only those around the whole value are taken away.
    let has_place_before = !scheme.prefix.text.is_empty() && !scheme.prefix.is_optional && scheme.list.is_none();
    // What is encoded stands in a header whatever it is.
    let is_bare = scheme.kind == Kind::Token && matches!(scheme.carrier, Carrier::Header(_));
    if token.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return Err(KeyMistake::LineBreak);
    }
    if token.len() > TOKEN_MAX {
        return Err(KeyMistake::TooLong);
    }
    if is_bare && token.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(KeyMistake::Control);
    }
    if is_bare && (is_blank(token.last()) || !has_place_before && is_blank(token.first())) {
        return Err(KeyMistake::Blank);
    }
    Ok(())
}

fn ed25519(bytes: &[u8]) -> Result<Key, KeyMistake> {
    if let Ok(public) = <[u8; ED25519_PUBLIC]>::try_from(bytes) {
        return if is_weak(public) { Err(KeyMistake::WeakEd25519) } else { Ok(Key::Ed25519(public, None)) };
    }
    let halves = bytes.split_at_checked(ED25519_PUBLIC).filter(|_| bytes.len() == ED25519_PRIVATE);
    let (seed, public) = halves.ok_or(KeyMistake::NotEd25519)?;
    let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public).map_err(|_| KeyMistake::NotEd25519)?;
    let public = pair.public_key().as_ref().try_into().map_err(|_| KeyMistake::NotEd25519)?;
    Ok(Key::Ed25519(public, Some(Box::new(pair))))
}

/// Says whether a public key is a point of a low order, or written as no point is.
fn is_weak(mut public: [u8; ED25519_PUBLIC]) -> bool {
    public[ED25519_PUBLIC - 1] &= 0x7f;
    ED25519_WEAK.contains(&public) || public.iter().rev().ge(ED25519_PRIME.iter().rev())
}

/// Returns the RSA key in a PEM text, of a length that signatures are checked with.
fn rsa(pem: &[u8]) -> Result<Vec<u8>, KeyMistake> {
    let key = rsa_key(pem).ok_or(KeyMistake::NotRsa)?;
    let bits = modulus_bits(&key).ok_or(KeyMistake::NotRsa)?;
    if (RSA_BITS_LEAST..=RSA_BITS_MOST).contains(&bits) { Ok(key) } else { Err(KeyMistake::RsaLength(bits)) }
}

/// Returns how many bits the modulus of an RSA key has: the first of its two numbers (RFC 8017, A.1.1).
fn modulus_bits(key: &[u8]) -> Option<usize> {
    let (numbers, after) = element(key, 0x30)?;
    let (modulus, rest) = element(numbers, 0x02)?;
    let (_, end) = element(rest, 0x02)?;
    let first = modulus.iter().position(|&byte| byte != 0).filter(|_| after.is_empty() && end.is_empty())?;
    let digits = &modulus[first..];
    Some(digits.len() * 8 - digits[0].leading_zeros() as usize)
}

/// Returns the RSA key in a PEM text of a `SubjectPublicKeyInfo` (RFC 5280, 4.1): a sequence of the
/// algorithm's name, which must be RSA's, and a string of bits that holds the key.
fn rsa_key(pem: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(pem).ok()?;
    let (_, rest) = text.split_once("-----BEGIN PUBLIC KEY-----")?;
    let (inside, _) = rest.split_once("-----END PUBLIC KEY-----")?;
    let digits: String = inside.split_ascii_whitespace().collect();
    let der = STANDARD.decode(digits).ok()?;
    let (whole, _) = element(&der, 0x30)?;
    let (algorithm, after) = element(whole, 0x30)?;
    let (name, _) = element(algorithm, 0x06)?;
    if name != RSA_ENCRYPTION {
        return None;
    }
    let (bits, _) = element(after, 0x03)?;
    bits.strip_prefix(&[0]).map(<[u8]>::to_vec)
}

/// Returns the content of the DER element that a text begins with, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [first, length, rest @ ..] = der else { return None };
    if *first != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81 | 0x82 => {
            let (digits, rest) = rest.split_at_checked(usize::from(*length & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
