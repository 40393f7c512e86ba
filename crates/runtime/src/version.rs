//! ONNX Runtime's version numbers.

/// The C API that a caller is compiled against unless it says otherwise: that of ONNX Runtime 1.17, which has
/// everything that embedkit calls. A library gives the API of its own version and of every earlier one.
pub const API_VERSION: u32 = 17;

/// The oldest minor version of ONNX Runtime 1 that embedkit is tested with, whatever API is asked for.
const OLDEST_TESTED: u32 = 19;

/// The oldest minor version of ONNX Runtime 1 that serves a caller of this API.
pub(crate) fn oldest_minor(api_version: u32) -> u32 {
    api_version.max(OLDEST_TESTED)
}

/// Whether this version serves a caller of this API; a text that is no version does not.
pub(crate) fn is_supported(version: &str, api_version: u32) -> bool {
    match numbers(version)[..] {
        [major, minor, ..] => is_version(version) && (major, minor) >= (1, oldest_minor(api_version)),
        _ => false,
    }
}

/// Whether a text is a version, as `1.31.1` or `2.0.0-rc1`. It becomes a part of addresses, of a folder's name and of
/// what pip is asked for, so nothing else may pass.
pub(crate) fn is_version(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(is_part)
}

/// The numbers in a version or a file name, for comparison: `libonnxruntime.so.1.31.1` gives 1, 31, 1.
pub(crate) fn numbers(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_are_too_old_or_none_are_refused() {
        for (version, api_version, supported) in [
            ("1.18.1", 17, false),
            ("1.9.0", 17, false),
            ("", 17, false),
            ("1", 17, false),
            ("1.19.0", 17, true),
            ("1.99.0", 17, true),
            ("1.30.2", 31, false),
            ("1.31.1", 31, true),
            ("2.0.0-rc1", 31, true),
            ("1.31/../x", 17, false),
            ("1.31; x", 17, false),
            ("../1.31", 17, false),
            ("1.31\n", 17, false),
        ] {
            assert_eq!(is_supported(version, api_version), supported, "{version:?} for {api_version}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(numbers("libonnxruntime.so.1.31.1") > numbers("libonnxruntime.so.1.9.0"));
        assert!(numbers("libonnxruntime.1.31.1.dylib") > numbers("libonnxruntime.dylib"));
    }
}
