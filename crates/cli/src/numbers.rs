//! Numbers as people write them.

/// `1 input`, `5,000 inputs`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}

/// `612 bytes`, `38.1 kB`, `90.4 MB`.
pub(crate) fn size(bytes: u64) -> String {
    let of = |unit: f64| bytes as f64 / unit;
    match bytes {
        0..1_000 => counted(bytes, "byte"),
        1_000..999_950 => format!("{:.1} kB", of(1e3)),
        999_950..999_950_000 => format!("{:.1} MB", of(1e6)),
        _ => format!("{:.1} GB", of(1e9)),
    }
}

/// `2026-11-26 11:30`, of seconds since 1970, in universal time.
pub(crate) fn date(seconds: u64) -> String {
    let (days, minutes) = (seconds / 86_400, seconds % 86_400 / 60);
    format!("{} {:02}:{:02}", day(days as i64), minutes / 60, minutes % 60)
}

/// `2026-11-26`, of days since 1970; a year of more or less than four digits has a sign.
pub(crate) fn day(days: i64) -> String {
    // Years begin in March, so that a leap day is their last: of 400 of them, all are alike.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month, january) = (day - (153 * month + 2) / 5 + 1, (month + 2) % 12 + 1, i64::from(month >= 10));
    match era * 400 + year + january {
        year @ 0..=9999 => format!("{year:04}-{month:02}-{day:02}"),
        year => format!("{year:+05}-{month:02}-{day:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let dates = [0, 951_782_400, 951_868_800, 1_709_251_199, 1_735_689_599, 4_107_542_400].map(date);
        let wanted = [
            "1970-01-01 00:00",
            "2000-02-29 00:00",
            "2000-03-01 00:00",
            "2024-02-29 23:59",
            "2024-12-31 23:59",
            "2100-03-01 00:00",
        ];
        assert_eq!(dates, wanted);
        let days = [-1, -719_528, -719_529, 2_932_897, i64::from(i32::MAX)].map(day);
        assert_eq!(days, ["1969-12-31", "0000-01-01", "-0001-12-31", "+10000-01-01", "+5881580-07-11"]);
    }

    #[test]
    fn sizes_have_the_unit_that_suits_them() {
        let sizes = [0, 1, 999, 1000, 38_080, 999_949, 999_950, 90_387_606, 1_340_000_000].map(size);
        let wanted = ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "38.1 kB", "999.9 kB", "1.0 MB", "90.4 MB", "1.3 GB"];
        assert_eq!(sizes, wanted);
        assert_eq!([counted(1, "file"), counted(5000, "file")], ["1 file", "5,000 files"]);
    }
}
