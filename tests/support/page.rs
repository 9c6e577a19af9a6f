//! The blocks of code on a page of the book.

/// A block of code.
pub struct Block {
    /// What follows the fence, such as `sh`.
    pub language: String,
    pub lines: Vec<String>,
    /// The number of its first line on the page.
    pub number: usize,
    /// The file that the sentence before the block names: "Write the script `FILE`:".
    pub file: Option<String>,
}

/// The blocks of a page, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    let mut sentence = "";
    for (number, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), is_open) {
            (Some(language), false) => {
                is_open = true;
                blocks.push(Block {
                    language: language.to_owned(),
                    lines: Vec::new(),
                    number: number + 2,
                    file: file(sentence),
                });
            }
            (Some(_), true) => is_open = false,
            (None, true) => blocks
                .last_mut()
                .expect("a block is open")
                .lines
                .push(line.to_owned()),
            (None, false) if !line.is_empty() => sentence = line,
            (None, false) => {}
        }
    }
    blocks
}

/// The last name in back-ticks of a sentence that ends with a colon.
fn file(sentence: &str) -> Option<String> {
    let name = sentence.strip_suffix("`:")?.rsplit('`').next()?;
    name.contains(['/', '.']).then(|| name.to_owned())
}

/// The commands in the shell blocks of a page.
pub fn commands(page: &str) -> Vec<String> {
    let blocks = blocks(page).into_iter();
    let shell = blocks.filter(|block| block.language == "sh");
    shell.flat_map(|block| block.lines).collect()
}

/// The part of a page from a heading to the next heading.
pub fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(heading).expect(heading);
    let end = rest.find("\n#").unwrap_or(rest.len());
    &rest[..end]
}
