//! The C allocator's habits.

/// Keeps the allocator from holding on to large blocks. It changes the whole process, so it is the program's to call,
/// at its start, and no library does.
///
/// glibc serves large blocks from the system and gives them back at once, until it has seen one
/// freed: from then on it keeps blocks of that size in its heaps. Decoded pictures are such blocks,
/// and a long run over many of them then holds twice the memory that it uses. Elsewhere this does
/// nothing.
pub(crate) fn return_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code)]
    {
        /// `M_MMAP_THRESHOLD` of `malloc.h`, and the value that glibc starts with.
        const MMAP_THRESHOLD: (i32, i32) = (-3, 128 * 1024);
        unsafe extern "C" {
            fn mallopt(parameter: i32, value: i32) -> i32;
        }
        // SAFETY: the declaration is glibc's, which may be called at any time; what it answers, whether the
        // parameter was set, changes nothing here.
        let _ = unsafe { mallopt(MMAP_THRESHOLD.0, MMAP_THRESHOLD.1) };
    }
}
