//! One loop, compiled for several instruction sets, of which the machine's best is called.

/// A computation that the compiler may vectorise.
pub(crate) trait Kernel {
    /// What is computed.
    type Output;

    /// Computes. Implementations are `#[inline(always)]`, so that they are compiled for whatever
    /// instruction set the caller is. `FMA`: multiplying and adding is one instruction. `TILE`:
    /// how many rows of 32 `f32` sums the registers hold.
    fn run<const FMA: bool, const TILE: usize>(self) -> Self::Output;
}

/// Runs a kernel with the best instruction set of this machine.
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    {
        macro_rules! level {
            ($tile:literal: $($feature:tt),+) => {
                if $(std::arch::is_x86_feature_detected!($feature))&&+ {
                    $(#[target_feature(enable = $feature)])+
                    fn compiled<K: Kernel>(kernel: K) -> K::Output {
                        kernel.run::<true, $tile>()
                    }
                    // SAFETY: this machine has every feature that the function is compiled for.
                    #[allow(unsafe_code)]
                    return unsafe { compiled(kernel) };
                }
            };
        }
        level!(12: "avx512f", "avx512bw", "avx512vpopcntdq");
        level!(12: "avx512f", "avx512bw");
        level!(2: "avx2", "fma", "popcnt");
    }
    const FMA: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));
    kernel.run::<FMA, 1>()
}
