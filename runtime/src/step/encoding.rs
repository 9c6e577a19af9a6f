//! Finds the character of a script that the database's encoding does not have.
//!
//! The server converts a message before it parses the message. So the error has no position,
//! only the bytes of the character.

/// Finds the character whose bytes the error gives as `0xe2 0x82 0xac`, in whatever language
/// the error is.
pub(crate) fn find(message: &str, sql: &str) -> Option<usize> {
    let words = message.split_whitespace();
    let bytes: Vec<u8> = words
        .map(|word| u8::from_str_radix(word.strip_prefix("0x")?, 16).ok())
        .skip_while(Option::is_none)
        .map_while(|byte| byte)
        .collect();
    let character = std::str::from_utf8(&bytes).ok();
    let character = character.filter(|character| !character.is_empty())?;
    sql.find(character)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_character_is_found_by_its_bytes_in_any_language() {
        let sql = "SELECT 'ü';\nSELECT '€';";
        for message in [
            "character with byte sequence 0xe2 0x82 0xac in encoding \"UTF8\" has no equivalent",
            "Zeichen mit Byte-Folge 0xe2 0x82 0xac in Kodierung »UTF8« hat keine Entsprechung",
        ] {
            assert_eq!(find(message, sql), sql.find('€'), "{message}");
        }
        assert_eq!(find("0xff", sql), None);
        assert_eq!(find("no bytes", sql), None);
    }
}
