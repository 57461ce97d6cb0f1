//! Order without the sort of the standard library, which is 4 KB of the module for each type.
//!
//! `collect` and `from` sort with it what they put into a set or a map. All that is put in order with
//! these is short.

/// A set or a map with these items in it. Of two for the same place, a set keeps the first and a map
/// the last, as with `collect`.
pub fn ordered<T, C: Default + Extend<T>>(items: impl IntoIterator<Item = T>) -> C {
    let mut all = C::default();
    all.extend(items);
    all
}

/// The same of items that can be wrong.
///
/// # Errors
/// The first that there is.
pub fn try_ordered<T, E, C: Default + Extend<T>>(
    items: impl IntoIterator<Item = Result<T, E>>,
) -> Result<C, E> {
    let mut all = C::default();
    for item in items {
        all.extend(Some(item?));
    }
    Ok(all)
}

/// These items by their keys; in their own order where the keys are the same.
pub fn sorted_by_key<T, K: Ord>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> K,
) -> Vec<T> {
    let mut sorted = Vec::new();
    for item in items {
        let place = sorted.partition_point(|before| key(before) <= key(&item));
        sorted.insert(place, item);
    }
    sorted
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn the_result_is_that_of_collect_and_sort() {
        let pairs = [(3, 'a'), (1, 'b'), (3, 'c'), (2, 'd'), (1, 'e')];
        let map: BTreeMap<_, _> = ordered(pairs);
        assert_eq!(map, pairs.into_iter().collect());
        let set: BTreeSet<_> = ordered(pairs);
        assert_eq!(set, pairs.into_iter().collect());
        let mut sorted = pairs.to_vec();
        sorted.sort_by_key(|(number, _)| *number);
        assert_eq!(sorted_by_key(pairs, |(number, _)| *number), sorted);
    }

    #[test]
    fn the_first_mistake_is_told() {
        let set: Result<BTreeSet<u8>, &str> = try_ordered([Ok(2), Ok(1), Ok(2)]);
        assert_eq!(set, Ok(BTreeSet::from([1, 2])));
        let set: Result<BTreeSet<u8>, &str> = try_ordered([Ok(2), Err("first"), Err("second")]);
        assert_eq!(set, Err("first"));
    }
}
