//! What is wrong with a script, at its place.

use leptos::prelude::*;

use crate::model::script::{Line, Position, ScriptError};

/// So much of a line is repeated on each side of the place.
const SHOWN: usize = 60;

/// The error in words, and the line of the script that it is in, marked.
#[component]
pub fn Fault(error: ScriptError, script: String) -> impl IntoView {
    let ScriptError { message, position } = error;
    let place = position.and_then(|at| Some((at, at.line_of(&script)?)));
    let title = match place {
        Some((Position { line, .. }, Line { before, .. })) => {
            format!("Line {line}, column {}", before.chars().count() + 1)
        }
        None => "The query cannot be run".to_owned(),
    };
    let quote = place.map(|(at, line)| {
        let (before, marked, behind) = parts(line);
        // Below the line, for whoever does not see the colour of the mark.
        let blank = |text: &str| " ".repeat(text.chars().count());
        let sign = format!(
            "{}{}",
            blank(&at.line.to_string()),
            format_args!("  {}{}", blank(&before), "^".repeat(marked.chars().count().max(1)))
        );
        view! {
            <pre class="fault__line" tabindex="0"><code>
                <span class="fault__number">{at.line} "  "</span>
                {before}
                <mark class="fault__mark">{marked}</mark>
                {behind}
                "\n"
                <span class="fault__sign" aria-hidden="true">{sign}</span>
            </code></pre>
        }
    });
    view! {
        <div class="fault" id="flux-fault" role="alert">
            <p class="fault__title">{title}</p>
            {quote}
            <p class="fault__message">{message}</p>
        </div>
    }
}

/// What stands before the place, the word or the sign at it, and what stands behind; long lines are cut.
fn parts(line: Line<'_>) -> (String, String, String) {
    let is_of_word = |character: char| character.is_alphanumeric() || character == '_';
    let word = line.behind.chars().take_while(|character| is_of_word(*character)).count();
    let marked: String = line.behind.chars().take(word.clamp(1, SHOWN)).collect();
    let behind = line.behind.get(marked.len()..).unwrap_or_default();
    let skipped = line.before.chars().count().saturating_sub(SHOWN);
    let mut before: String = line.before.chars().skip(skipped).map(shown).collect();
    if skipped > 0 {
        before.insert(0, '…');
    }
    let mut rest: String = behind.chars().take(SHOWN).map(shown).collect();
    if rest.len() < behind.len() {
        rest.push('…');
    }
    (before, marked, rest)
}

/// A tab is as wide as wherever it stands: nothing below it would be in its place.
fn shown(character: char) -> char {
    if character == '\t' { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_at_the_place_is_marked() {
        for (before, behind, expected) in [
            ("  |> ", "lmit(n: 1)", ("  |> ", "lmit", "(n: 1)")),
            ("x\t= ", "\"a\" b", ("x = ", "\"", "a\" b")),
            ("x = ", "", ("x = ", "", "")),
            ("", "ž1_ +", ("", "ž1_", " +")),
        ] {
            let (one, two, three) = parts(Line { before, behind });
            assert_eq!((one.as_str(), two.as_str(), three.as_str()), expected);
        }
        let long = "a".repeat(200);
        let (before, marked, behind) = parts(Line { before: &long, behind: &long });
        assert_eq!((before.chars().count(), marked.len(), behind.chars().count()), (61, 60, 61));
    }
}
