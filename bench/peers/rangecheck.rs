//! Range proofs in the hands of the crate they are made for: one line in, one line out.
//!
//!   verify LABEL MESSAGES N COMMITMENTS PROOF   -> ok | refused
//!   prove  LABEL MESSAGES N VALUES BLINDINGS    -> COMMITMENTS PROOF
//!   time   N M                                  -> PROVE_US VERIFY_US, the least of some
//!
//! All but N and M is hex; a list has commas, and MESSAGES is a list of label:message, `-` where there is none.

use bulletproofs::{BulletproofGens, PedersenGens, RangeProof};
use curve25519_dalek::{ristretto::CompressedRistretto, scalar::Scalar};
use merlin::Transcript;
use std::io::BufRead;
use std::time::Instant;

const BITS_MAX: usize = 64;
const PARTIES_MAX: usize = 8;
const ROUNDS: usize = 20;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex")).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn words(list: &str) -> Vec<[u8; 32]> {
    list.split(',').map(|one| bytes(one).try_into().expect("32 bytes")).collect()
}

/// Merlin takes labels that live as long as the program.
fn label(hex: &str) -> &'static [u8] {
    Box::leak(bytes(hex).into_boxed_slice())
}

fn transcript(name: &str, messages: &str) -> Transcript {
    let mut transcript = Transcript::new(label(name));
    for message in messages.split(',').filter(|one| *one != "-") {
        let (what, said) = message.split_once(':').expect("label:message");
        transcript.append_message(label(what), &bytes(said));
    }
    transcript
}

fn time(bp: &BulletproofGens, pc: &PedersenGens, n: usize, m: usize) -> String {
    let values: Vec<u64> = (0..m).map(|i| (i as u64 * 37 + 5) % (1 << 7)).collect();
    let blindings: Vec<Scalar> = (0..m).map(|i| Scalar::from(i as u64 + 11)).collect();
    let (mut prove, mut verify) = (u128::MAX, u128::MAX);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let (proof, commitments) = RangeProof::prove_multiple(bp, pc, &mut Transcript::new(b"time"), &values, &blindings, n).expect("proof");
        prove = prove.min(start.elapsed().as_micros());
        let start = Instant::now();
        proof.verify_multiple(bp, pc, &mut Transcript::new(b"time"), &commitments, n).expect("verified");
        verify = verify.min(start.elapsed().as_micros());
    }
    format!("{prove} {verify}")
}

fn answer(bp: &BulletproofGens, pc: &PedersenGens, line: &str) -> String {
    let words_of: Vec<&str> = line.split(' ').collect();
    match words_of[..] {
        ["verify", name, messages, n, commitments, proof] => {
            let commitments: Vec<CompressedRistretto> = words(commitments).into_iter().map(CompressedRistretto).collect();
            let n = n.parse().expect("bits");
            let verified = RangeProof::from_bytes(&bytes(proof)).and_then(|proof| proof.verify_multiple(bp, pc, &mut transcript(name, messages), &commitments, n));
            (if verified.is_ok() { "ok" } else { "refused" }).to_string()
        }
        ["prove", name, messages, n, values, blindings] => {
            let values: Vec<u64> = words(values).iter().map(|one| u64::from_le_bytes(one[..8].try_into().expect("8 bytes"))).collect();
            let blindings: Vec<Scalar> = words(blindings).into_iter().map(Scalar::from_bytes_mod_order).collect();
            let (proof, commitments) =
                RangeProof::prove_multiple(bp, pc, &mut transcript(name, messages), &values, &blindings, n.parse().expect("bits")).expect("proof");
            let commitments: Vec<String> = commitments.iter().map(|one| hex(one.as_bytes())).collect();
            format!("{} {}", commitments.join(","), hex(&proof.to_bytes()))
        }
        ["time", n, m] => time(bp, pc, n.parse().expect("bits"), m.parse().expect("parties")),
        _ => panic!("not a line of ours: {line}"),
    }
}

fn main() {
    let (bp, pc) = (BulletproofGens::new(BITS_MAX, PARTIES_MAX), PedersenGens::default());
    for line in std::io::stdin().lock().lines() {
        println!("{}", answer(&bp, &pc, &line.expect("a line")));
    }
}
