//! Generalized time (RFC 4517 §3.3.13).

/// Reads `YYYYMMDDHH[MM[SS]][.fraction]` with `Z` or `±HH[MM]`, into seconds since 1970-01-01 00:00 UTC,
/// rounded down. None if it is anything else, or a date that does not exist.
///
/// Years run from 0000, which the password policy draft uses for "locked for ever", to 9999. A leap
/// second counts as the second after it, which is how POSIX time knows it.
pub fn parse(value: &[u8]) -> Option<i64> {
    let mut rest = value;
    let year = number(&mut rest, 4)?;
    let month = number(&mut rest, 2)?;
    let day = number(&mut rest, 2)?;
    let hour = number(&mut rest, 2).filter(|hour| *hour < 24)?;
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let mut seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600;
    // What a fraction is a fraction of: the last part that is written.
    let mut unit = 3600;
    if is_digit(rest) {
        seconds += number(&mut rest, 2).filter(|minute| *minute < 60)? * 60;
        unit = 60;
        if is_digit(rest) {
            seconds += number(&mut rest, 2).filter(|second| *second <= 60)?;
            unit = 1;
        }
    }
    seconds += fraction(&mut rest, unit)?;
    Some(seconds - offset(rest)?)
}

fn is_digit(rest: &[u8]) -> bool {
    rest.first().is_some_and(u8::is_ascii_digit)
}

/// Takes a number of so many digits off the front.
fn number(rest: &mut &[u8], digits: usize) -> Option<i64> {
    let (taken, behind) = rest.split_at_checked(digits)?;
    *rest = behind;
    taken.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + i64::from(digit - b'0'))
    })
}

/// Takes a fraction off the front if there is one: the whole seconds in that part of the unit.
fn fraction(rest: &mut &[u8], unit: i64) -> Option<i64> {
    let [b'.' | b',', behind @ ..] = *rest else {
        return Some(0);
    };
    let length = behind
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, behind) = behind.split_at_checked(length)?;
    *rest = behind;
    if digits.is_empty() {
        return None;
    }
    // Nine digits tell an hour apart to less than a second; more of them change nothing.
    let scale =
        |(part, scale): (i64, i64), digit: &u8| (part * 10 + i64::from(digit - b'0'), scale * 10);
    let (part, scale) = digits.iter().take(9).fold((0, 1), scale);
    Some(unit * part / scale)
}

/// The time zone: how far local time is ahead of UTC, in seconds.
fn offset(mut rest: &[u8]) -> Option<i64> {
    let sign = match rest.split_first()? {
        (b'Z', []) => return Some(0),
        (b'+', behind) => {
            rest = behind;
            1
        }
        (b'-', behind) => {
            rest = behind;
            -1
        }
        _ => return None,
    };
    let hours = number(&mut rest, 2).filter(|hour| *hour < 24)?;
    let minutes = match rest {
        [] => 0,
        _ => number(&mut rest, 2).filter(|minute| *minute < 60)?,
    };
    rest.is_empty()
        .then_some(sign * (hours * 3600 + minutes * 60))
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, which is reckoned backwards too.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March put the leap day at their end.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days_before_month = (153 * month + 2) / 5;
    // 719468 days lie between 0000-03-01 and 1970-01-01.
    365 * year + leap_days + days_before_month + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_form_of_the_rfc_is_read() {
        // Seconds from `date -u -d … +%s`.
        let cases = [
            ("19700101000000Z", 0),
            ("20261124081732Z", 1_795_508_252),
            ("20261124081732.068670Z", 1_795_508_252),
            ("20261124081732,999999999999999Z", 1_795_508_252),
            ("199412161032Z", 787_573_920),
            ("199412160532-0500", 787_573_920),
            ("1994121610.5Z", 787_573_800),
            ("1994121610,25Z", 787_572_900),
            ("199412161032.5Z", 787_573_950),
            ("1994121610Z", 787_572_000),
            ("1994121612+02", 787_572_000),
            ("1994121615+0530", 787_570_200),
            ("19700101000000+0100", -3600),
            // Before 1970, and before 1901 where 32 bits end
            ("19691231235959Z", -1),
            ("19010101000000Z", -2_177_452_800),
            ("16010101000000Z", -11_644_473_600),
            ("000001010000Z", -62_167_219_200),
            // Behind 2038 and 2106 where 32 bits end
            ("20380119031408Z", 2_147_483_648),
            ("21060207062816Z", 4_294_967_296),
            ("99991231235959Z", 253_402_300_799),
            // Leap days and seconds
            ("20000229000000Z", 951_782_400),
            ("20240229120000Z", 1_709_208_000),
            ("20161231235960Z", 1_483_228_800),
            ("20161231235960.5Z", 1_483_228_800),
        ];
        for (value, expected) in cases {
            assert_eq!(parse(value.as_bytes()), Some(expected), "{value}");
        }
    }

    #[test]
    fn nothing_else_is_read() {
        let nonsense = [
            "",
            "Z",
            "0",
            "2026",
            "20261124Z",
            "20261124081732",
            "20261124081732z",
            "20261124081732ZZ",
            "20261124081732 Z",
            " 20261124081732Z",
            "20261124081732.Z",
            "20261124081732.5",
            "2026112408173Z",
            "202611240817321Z",
            "20261124081732+",
            "20261124081732+1",
            "20261124081732+100",
            "20261124081732+10000",
            "20261124081732+2400",
            "20261124081732+0060",
            "20261124081732+0100Z",
            "20261324081732Z",
            "20260024081732Z",
            "20261100081732Z",
            "20261131081732Z",
            "20260229000000Z",
            "21000229000000Z",
            "20261124241732Z",
            "20261124086032Z",
            "20261124081761Z",
            "-0261124081732Z",
            "2026-11-24T08:17:32Z",
            "261124081732Z",
            "２０２６1124081732Z",
            "20261124081732Z\0",
        ];
        for value in nonsense {
            assert_eq!(parse(value.as_bytes()), None, "{value:?}");
        }
    }
}
