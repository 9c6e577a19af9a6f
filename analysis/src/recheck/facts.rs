//! The facts of a tree without problems, as bytes.
//!
//! They start with the version of this layout and the number of scripts. A script is the number of
//! its names, with bit 31 set if it is global, and then the names: a hash with its [`Use`] in the two
//! lowest bits. All numbers are u32 in little-endian.

use super::names::{Hash, Use};
use super::set::NameSet;

/// The version of the layout and of the rules that select scripts.
const LAYOUT: u32 = 1;

const GLOBAL: u32 = 1 << 31;

/// The facts of all scripts, in plan order, up before down.
pub(super) struct Facts<'b> {
    scripts: Vec<ScriptFacts<'b>>,
}

/// The facts of a script.
#[derive(Clone, Copy)]
pub(super) struct ScriptFacts<'b> {
    pub(super) is_global: bool,
    names: &'b [u8],
}

impl<'b> Facts<'b> {
    /// Reads facts. `None` if they have another layout.
    pub(super) fn read(bytes: &'b [u8]) -> Option<Facts<'b>> {
        let mut rest = bytes;
        if take(&mut rest)? != LAYOUT {
            return None;
        }
        let count = take(&mut rest)?;
        let mut scripts = Vec::new();
        for _ in 0..count {
            let head = take(&mut rest)?;
            let length = usize::try_from(head & !GLOBAL).ok()?.checked_mul(4)?;
            let names;
            (names, rest) = rest.split_at_checked(length)?;
            let is_global = head & GLOBAL != 0;
            scripts.push(ScriptFacts { is_global, names });
        }
        rest.is_empty().then_some(Facts { scripts })
    }

    pub(super) fn len(&self) -> usize {
        self.scripts.len()
    }

    pub(super) fn get(&self, script: usize) -> Option<ScriptFacts<'b>> {
        self.scripts.get(script).copied()
    }
}

impl ScriptFacts<'_> {
    /// Whether the script uses one of the names in this way or a stronger one.
    pub(super) fn uses(&self, names: &NameSet, least: Use) -> bool {
        self.names()
            .any(|(name, used)| names.contains(name) && used >= least)
    }

    /// The names, each with its use.
    pub(super) fn names(&self) -> impl Iterator<Item = (Hash, Use)> {
        let words = self.names.chunks_exact(4);
        words.map(|word| {
            let name = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
            let used = match name & 3 {
                0 => Use::Word,
                1 => Use::Reference,
                _ => Use::Link,
            };
            (name & !3, used)
        })
    }
}

/// Writes the facts of scripts.
pub(super) fn write<N>(scripts: impl IntoIterator<Item = (bool, N)>) -> Vec<u8>
where
    N: IntoIterator<Item = (Hash, Use)>,
{
    let mut bytes = Vec::new();
    let mut count = 0_u32;
    for (is_global, names) in scripts {
        let head = bytes.len();
        bytes.extend([0; 4]);
        let mut length = 0_u32;
        for (hash, used) in names {
            let used = match used {
                Use::Word => 0,
                Use::Reference => 1,
                Use::Link => 2,
            };
            bytes.extend((hash | used).to_le_bytes());
            length += 1;
        }
        let flag = if is_global { GLOBAL } else { 0 };
        bytes[head..head + 4].copy_from_slice(&(length | flag).to_le_bytes());
        count += 1;
    }
    let mut all = Vec::with_capacity(bytes.len() + 8);
    all.extend(LAYOUT.to_le_bytes());
    all.extend(count.to_le_bytes());
    all.append(&mut bytes);
    all
}

fn take(rest: &mut &[u8]) -> Option<u32> {
    let (word, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u32::from_le_bytes(*word))
}
