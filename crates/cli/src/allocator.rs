//! A setting of the C allocator.

/// Makes glibc's allocator give large blocks back to the system; other allocators are left as they are.
///
/// By default it does so only until the first such block is freed, and keeps blocks of that size from then on. Decoded
/// images are such blocks: a long run over many of them would hold twice the memory that it uses. A long text's vectors, one
/// a token, are smaller: that the system gave new pages for each of them would take longer than to compute them.
pub(crate) fn return_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code)]
    {
        /// `M_MMAP_THRESHOLD` of `malloc.h`; glibc starts with an eighth of it.
        const MMAP_THRESHOLD: (i32, i32) = (-3, 1 << 20);
        /// `M_TRIM_THRESHOLD`: what is free at the end of a heap before it is given back, twice the other as glibc itself has it.
        const TRIM_THRESHOLD: (i32, i32) = (-1, 2 << 20);
        unsafe extern "C" {
            fn mallopt(parameter: i32, value: i32) -> i32;
        }
        // SAFETY: the declaration is glibc's, which may be called at any time. It answers whether a parameter was
        // set; nothing depends on that.
        let _ = unsafe { (mallopt(MMAP_THRESHOLD.0, MMAP_THRESHOLD.1), mallopt(TRIM_THRESHOLD.0, TRIM_THRESHOLD.1)) };
    }
}
