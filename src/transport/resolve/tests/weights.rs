use super::{Srv, in_order};

fn records(list: &[(u16, u16)]) -> Vec<Srv> {
    let record = |(number, (priority, weight)): (usize, &(u16, u16))| Srv {
        priority: *priority,
        weight: *weight,
        port: number as u16,
        target: String::new(),
    };
    list.iter().enumerate().map(record).collect()
}

/// Where the sorted records stood.
fn order(list: &[(u16, u16)], random: impl IntoIterator<Item = u32>) -> Vec<u16> {
    let sorted = in_order(records(list), random);
    sorted.iter().map(|record| record.port).collect()
}

/// Repeatable random numbers.
fn numbers() -> impl Iterator<Item = u32> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u32
    })
}

#[test]
fn priorities_ascend_whatever_the_weights() {
    let list = [(3, 65535), (1, 0), (2, 7), (1, 9), (65535, 65535)];
    let mut numbers = numbers();
    for _ in 0..100 {
        let order = order(&list, numbers.by_ref().take(5));
        assert!(order[..2] == [1, 3] || order[..2] == [3, 1], "{order:?}");
        assert_eq!(order[2..], [2, 0, 4]);
    }
}

#[test]
fn the_first_is_chosen_in_proportion_to_the_weights() {
    let list = [(0, 10), (0, 20), (0, 70)];
    let mut first = [0_u32; 3];
    let mut second_after_last = [0_u32; 3];
    let mut numbers = numbers();
    for _ in 0..100_000 {
        let order = order(&list, numbers.by_ref().take(3));
        first[usize::from(order[0])] += 1;
        if order[0] == 2 {
            second_after_last[usize::from(order[1])] += 1;
        }
    }
    // The number is drawn from 0 to 100: 101 values, of which the first record has 0 to 10.
    for (count, share) in first.iter().zip([11.0, 20.0, 70.0]) {
        let expected = 100_000.0 * share / 101.0;
        assert!((f64::from(*count) - expected).abs() < 1000.0, "{first:?}");
    }
    // Of the two that are left, with the weights 10 and 20.
    let share = f64::from(second_after_last[0]) / f64::from(first[2]);
    assert!((share - 11.0 / 31.0).abs() < 0.01, "{second_after_last:?}");
}

#[test]
fn weight_zero_is_chosen_first_only_rarely() {
    let list = [(0, 99), (0, 0)];
    // "Very small" is 1 of 100: the number 0.
    assert_eq!(order(&list, [0, 0]), [1, 0]);
    assert_eq!(order(&list, [u32::MAX / 100, 0]), [1, 0]);
    assert_eq!(order(&list, [u32::MAX / 100 + 1, 0]), [0, 1]);
    assert_eq!(order(&list, [u32::MAX, u32::MAX]), [0, 1]);
}

#[test]
fn without_weights_the_order_of_the_answer_stays() {
    let list = [(0, 0); 5];
    assert_eq!(order(&list, [u32::MAX; 5]), [0, 1, 2, 3, 4]);
    assert_eq!(order(&list, [0; 5]), [0, 1, 2, 3, 4]);
}

#[test]
fn the_largest_weights_do_not_overflow() {
    let list = [(u16::MAX, u16::MAX); 1000];
    for number in [0, 1, u32::MAX / 2, u32::MAX] {
        let mut order = order(&list, [number; 1000]);
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }
    assert_eq!(order(&list[..3], [u32::MAX; 3]), [2, 1, 0]);
    assert!(order(&[], []).is_empty());
}
