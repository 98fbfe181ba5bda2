//! Small changes of inputs, for the short run without libFuzzer.

/// xorshift64*: small, and the same everywhere.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// `seed` may be anything.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`, or 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound.max(1)
    }
}

/// `input` with one to four changes: bytes altered, left out or doubled, parts of `other` or words of the
/// target's dictionary put in.
pub fn mutate(input: &[u8], other: &[u8], words: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + 1 + random.below(12)).min(bytes.len());
        match random.below(6) {
            0 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            1 if at < bytes.len() => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            3 if !other.is_empty() => {
                let from = random.below(other.len());
                let to = (from + 1 + random.below(40)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            _ if !words.is_empty() => {
                bytes.splice(at..at, words[random.below(words.len())].iter().copied());
            }
            _ => bytes.insert(at, random.below(256) as u8),
        }
    }
    bytes
}

/// The words of a libFuzzer dictionary: lines `"…"` with `\\`, `\"` and `\xNN`.
pub fn words(dictionary: &str) -> Vec<Vec<u8>> {
    let quoted = |line: &str| Some(line.trim().strip_prefix('"')?.strip_suffix('"')?.to_owned());
    dictionary.lines().filter_map(quoted).map(|word| unescaped(&word)).collect()
}

fn unescaped(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word.bytes();
    while let Some(byte) = rest.next() {
        match (byte, if byte == b'\\' { rest.next() } else { None }) {
            (b'\\', Some(b'x')) => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                bytes.extend(u8::from_str_radix(&digits, 16));
            }
            (b'\\', Some(escaped)) => bytes.push(escaped),
            _ => bytes.push(byte),
        }
    }
    bytes
}
