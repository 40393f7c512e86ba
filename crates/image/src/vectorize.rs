//! Running a loop with the widest vectors that the processor has.

/// A computation whose loops the compiler turns into vector code.
pub(crate) trait Kernel {
    /// What it gives.
    type Output;

    /// Computes it. Implementations are `#[inline(always)]`, and so is all they call in their loops: only then are they
    /// compiled once more for wider vectors.
    fn run(self) -> Self::Output;
}

/// Runs a kernel compiled for AVX2 where the processor has it, and for the target otherwise.
pub(crate) fn widest<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("bmi2") {
        #[target_feature(enable = "avx2,bmi2")]
        fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
            kernel.run()
        }
        // SAFETY: the processor has just been asked for both.
        #[allow(unsafe_code)]
        return unsafe { run_avx2(kernel) };
    }
    kernel.run()
}
