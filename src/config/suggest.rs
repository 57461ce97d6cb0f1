//! "Did you mean …?"

/// The candidate that was probably meant, if one is near.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_ascii_lowercase().chars().collect();
    let near = |candidate: &'a str| {
        let letters: Vec<char> = candidate.chars().collect();
        let allowed = word.len().max(letters.len()) / 3;
        if word.len() >= 3 && letters.starts_with(&word) {
            return Some((1, candidate)); // an abbreviation: "sub" for "subtree"
        }
        if word.len().abs_diff(letters.len()) > allowed {
            return None;
        }
        let distance = distance(&word, &letters);
        (distance <= allowed).then_some((distance, candidate))
    };
    candidates
        .into_iter()
        .filter_map(near)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be inserted, left out, changed or swapped with their neighbour
/// (Damerau and Levenshtein, each letter edited once at most).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut older: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut left_of_a = None;
    for (i, &in_a) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        let mut left_of_b = None;
        for (j, &in_b) in b.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut best = (cell(&row, j + 1) + 1)
                .min(cell(&next, j) + 1)
                .min(cell(&row, j) + usize::from(in_a != in_b));
            if j > 0 && left_of_a == Some(in_b) && left_of_b == Some(in_a) {
                best = best.min(cell(&older, j - 1) + 1);
            }
            next.push(best);
            left_of_b = Some(in_b);
        }
        left_of_a = Some(in_a);
        older = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apart(a: &str, b: &str) -> usize {
        distance(
            &a.chars().collect::<Vec<_>>(),
            &b.chars().collect::<Vec<_>>(),
        )
    }

    #[test]
    fn each_kind_of_slip_counts_one() {
        assert_eq!(apart("", ""), 0);
        assert_eq!(apart("", "ab"), 2);
        assert_eq!(apart("uri", "uris"), 1);
        assert_eq!(apart("urris", "uris"), 1);
        assert_eq!(apart("urix", "uris"), 1);
        assert_eq!(apart("ursi", "uris"), 1);
        assert_eq!(apart("abcd", "dcba"), 3);
    }

    #[test]
    fn only_a_near_word_is_suggested() {
        let keys = ["uris", "start_tls", "deadline", "subtree"];
        assert_eq!(nearest("URI", keys), Some("uris"));
        assert_eq!(nearest("start-tls", keys), Some("start_tls"));
        assert_eq!(nearest("sub", keys), Some("subtree"));
        assert_eq!(nearest("timeout", keys), None);
        assert_eq!(nearest("", keys), None);
    }
}
