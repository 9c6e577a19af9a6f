//! Tests the sections and the sentences of the pages of `migrator explain`.

use migrator_model::Code;

/// A page's headings, without the title.
fn sections(page: &str) -> Vec<&str> {
    let headings = prose(page)
        .into_iter()
        .filter_map(|line| line.strip_prefix("## "));
    headings.collect()
}

/// The lines of a page outside blocks of code.
fn prose(page: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            lines.push("");
        } else if !in_code {
            lines.push(line);
        }
    }
    lines
}

/// The sentences of a page, without tables. A text in back-ticks counts as one word.
fn sentences(page: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in prose(page) {
        let begins_item = line.starts_with("- ") || line.starts_with(|c: char| c.is_ascii_digit());
        if line.is_empty() || begins_item {
            paragraphs.push(String::new());
        }
        if let (Some(last), false) = (paragraphs.last_mut(), line.starts_with(['#', '|'])) {
            last.push_str(line.trim_start_matches("- "));
            last.push(' ');
        }
    }
    let split = |paragraph: String| -> Vec<String> {
        let text: String = paragraph
            .split('`')
            .step_by(2)
            .collect::<Vec<_>>()
            .join("x");
        let ends = [". ", "? ", ": "]
            .into_iter()
            .fold(text, |text, end| text.replace(end, "\n"));
        ends.lines().map(str::to_owned).collect()
    };
    paragraphs.into_iter().flat_map(split).collect()
}

#[test]
fn every_page_has_the_same_sections_in_the_same_order() {
    for code in Code::ALL {
        let mut expected = vec!["Example", "Why it matters", "How to fix it"];
        let sections = sections(code.page());
        if sections.contains(&"What is not reported") {
            expected.push("What is not reported");
        }
        if code.level().is_some() {
            expected.push("When to allow it");
        }
        assert_eq!(sections, expected, "pages/{code}.md");
    }
}

#[test]
fn no_section_of_a_page_is_empty() {
    for code in Code::ALL {
        let (_, after_title) = code.page().split_once('\n').expect("a page has a title");
        for section in format!("\n{after_title}").split("\n## ") {
            let (_, text) = section.split_once('\n').expect("a heading has a line");
            assert_ne!(text.trim(), "", "pages/{code}.md: {section}");
        }
    }
}

#[test]
fn the_page_of_a_lint_says_in_which_case_to_allow_it() {
    for code in Code::ALL {
        let page = code.page();
        let case = page.contains("\n## When to allow it\n\nAllow this finding ");
        assert_eq!(case, code.level().is_some(), "pages/{code}.md");
    }
}

#[test]
fn every_sentence_of_a_page_has_fewer_than_25_words() {
    for code in Code::ALL {
        for sentence in sentences(code.page()) {
            let words = sentence.split_whitespace().count();
            assert!(words < 25, "pages/{code}.md: {words} words: {sentence}");
        }
    }
}

#[test]
fn the_page_of_a_lint_shows_the_directive_and_the_default_level() {
    for code in Code::ALL {
        let Some(level) = code.level() else { continue };
        let page = code.page().replace('\n', " ");
        let level = format!("The default of {code} is `{level:?}`.").to_lowercase();
        assert!(page.to_lowercase().contains(&level), "pages/{code}.md");
        // A script that allows M0226 is itself reported as M0226.
        let directive = page.contains(&format!("-- migrator: allow {code} because "));
        assert_eq!(directive, *code != Code::M0226, "pages/{code}.md");
    }
}
