//! Letters: how texts are made comparable without losing that å, ä and ö are letters.

use unicode_normalization::UnicodeNormalization as _;

/// One way to write a text: composed, white space and dashes made plain, collapsed and trimmed.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.nfc() {
        let letter = match letter {
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '：' => ':',
            '´' | '`' | '\u{2019}' => '\'',
            it if it.is_whitespace() || it.is_control() => ' ',
            it => it,
        };
        if letter != ' ' || !(plain.is_empty() || plain.ends_with(' ')) {
            plain.push(letter);
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// Lower case, letter by letter, so that letters keep their places. Accents that Swedish knows only in loans
/// (é, ü) fall away; å, ä and ö stay.
pub(crate) fn lower(letter: char) -> char {
    let letter = letter.to_lowercase().next().unwrap_or(letter);
    match letter {
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'ü' | 'ú' => 'u',
        'á' | 'à' | 'â' => 'a',
        'ó' | 'ò' | 'ô' => 'o',
        'í' | 'ï' => 'i',
        'ç' => 'c',
        'ñ' => 'n',
        'æ' => 'ä',
        'ø' => 'ö',
        it => it,
    }
}

/// The second look: å, ä and ö as a and o.
pub(crate) fn fold(letter: char) -> char {
    match lower(letter) {
        'å' | 'ä' => 'a',
        'ö' => 'o',
        it => it,
    }
}

pub(crate) fn lowered(text: &str) -> String {
    text.chars().map(lower).collect()
}

pub(crate) fn folded(text: &str) -> String {
    text.chars().map(fold).collect()
}

/// Swedish order: å, ä and ö after z; w beside v.
pub(crate) fn swedish_key(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.chars().map(lower).map(|it| match it {
        'å' => u32::from('z') + 1,
        'ä' => u32::from('z') + 2,
        'ö' => u32::from('z') + 3,
        'w' => u32::from('v'),
        it => u32::from(it),
    })
}

/// Length in UTF-16 units, which is how the interface counts.
pub(crate) fn utf16_len(text: &str) -> u32 {
    text.chars().map(|it| it.len_utf16() as u32).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composed_and_decomposed_letters_are_the_same_text() {
        assert_eq!(plain("A\u{30a}ngermanland"), "Ångermanland");
        assert_eq!(plain("  Rya\u{a0}\u{2009} 1\u{2013}5 "), "Rya 1-5");
    }

    #[test]
    fn swedish_letters_survive_the_first_look_and_fold_in_the_second() {
        assert_eq!(lowered("ÅÄÖ É Ü"), "åäö e u");
        assert_eq!(folded("Åkerö"), "akero");
    }

    #[test]
    fn swedish_order_puts_the_three_last() {
        let mut names = ["Örebro", "Zinkgruvan", "Ängby", "Åmål", "Wedevåg", "Vik"];
        names.sort_by(|a, b| swedish_key(a).cmp(swedish_key(b)));
        assert_eq!(names, ["Wedevåg", "Vik", "Zinkgruvan", "Åmål", "Ängby", "Örebro"]);
    }
}
