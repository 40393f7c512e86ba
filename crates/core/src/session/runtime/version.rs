//! ONNX Runtime's version numbers.

/// The oldest minor version of ONNX Runtime 1 that works: 1.19, or what the build's `ort` asks for.
pub(super) const OLDEST_MINOR: u32 = if ort::MINOR_VERSION > 19 { ort::MINOR_VERSION } else { 19 };

/// The numbers in a version or a file name, for comparison: `libonnxruntime.so.1.31.1` gives 1, 31, 1.
pub(super) fn numbers(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// Whether this version can be used; one that is no version cannot.
pub(super) fn is_supported(version: &str) -> bool {
    match numbers(version)[..] {
        [major, minor, ..] => (major, minor) >= (1, OLDEST_MINOR),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_below_1_19_are_refused() {
        for (version, supported) in
            [("1.18.1", false), ("1.9.0", false), ("", false), ("1", false), ("1.99.0", true), ("2.0.0-rc1", true)]
        {
            assert_eq!(is_supported(version), supported, "{version}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(numbers("libonnxruntime.so.1.31.1") > numbers("libonnxruntime.so.1.9.0"));
        assert!(numbers("libonnxruntime.1.31.1.dylib") > numbers("libonnxruntime.dylib"));
    }
}
