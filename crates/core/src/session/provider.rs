//! Execution providers.

use std::fmt;
use std::str::FromStr;

use ort::ep::{self, ExecutionProviderDispatch};

use crate::{Error, Result};

/// Where on its hardware a provider runs a session, and how exactly.
#[derive(Clone, Copy, Debug, Default)]
#[allow(dead_code, reason = "read by providers whose features are on")]
pub(super) struct Placement {
    /// The device; none for the provider's first.
    pub(super) device: Option<i32>,
    /// Whether CUDA may round to TF32.
    pub(super) tf32: bool,
}

/// Declares the providers: each has a variant, the name of its feature, and what registers it with a
/// session in a placement. Providers whose feature is off exist, so that naming one is an error that
/// says which feature it needs.
macro_rules! providers {
    ($($(#[$doc:meta])* $variant:ident, $feature:literal, $dispatch:expr;)*) => {
        /// Hardware that ONNX Runtime can run graphs on besides the CPU. Each needs the feature of its
        /// name and a runtime that was built with it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Provider {
            /// The CPU.
            Cpu,
            $($(#[$doc])* $variant,)*
        }

        impl Provider {
            /// Every provider.
            pub const ALL: &[Self] = &[Self::Cpu, $(Self::$variant),*];

            /// The name, which is also the feature's.
            pub fn name(self) -> &'static str {
                match self {
                    Self::Cpu => "cpu",
                    $(Self::$variant => $feature,)*
                }
            }

            /// What registers the provider with a session; none when its feature is off.
            fn dispatch_on(self, placement: Placement) -> Option<ExecutionProviderDispatch> {
                match self {
                    Self::Cpu => Some(ep::CPU::default().build()),
                    $(
                        #[cfg(feature = $feature)]
                        Self::$variant => {
                            let dispatch: fn(Placement) -> ExecutionProviderDispatch = $dispatch;
                            Some(dispatch(placement))
                        }
                        #[cfg(not(feature = $feature))]
                        Self::$variant => {
                            let _ = placement;
                            None
                        }
                    )*
                }
            }
        }
    };
}

/// The provider of this type, on a device where one is named.
#[allow(unused_macros, reason = "used where a feature of such a provider is on")]
macro_rules! on_device {
    ($provider:ident) => {
        |placement| match placement.device {
            Some(device) => ep::$provider::default().with_device_id(device).build(),
            None => ep::$provider::default().build(),
        }
    };
}

providers! {
    /// NVIDIA GPUs.
    Cuda, "cuda", |placement| {
        // ONNX Runtime rounds to TF32 unless it is told not to.
        let cuda = ep::CUDA::default().with_tf32(placement.tf32);
        placement.device.into_iter().fold(cuda, ep::CUDA::with_device_id).build()
    };
    /// NVIDIA GPUs, through TensorRT.
    TensorRt, "tensorrt", on_device!(TensorRT);
    /// AMD GPUs.
    Rocm, "rocm", on_device!(ROCm);
    /// AMD GPUs, through MIGraphX.
    MiGraphX, "migraphx", on_device!(MIGraphX);
    /// Apple hardware.
    CoreMl, "coreml", |_| ep::CoreML::default().build();
    /// DirectX 12 GPUs.
    DirectMl, "directml", on_device!(DirectML);
    /// Intel hardware.
    OpenVino, "openvino", |_| ep::OpenVINO::default().build();
    /// GPUs, through WebGPU.
    WebGpu, "webgpu", |_| ep::WebGPU::default().build();
    /// CPUs, through XNNPACK.
    Xnnpack, "xnnpack", |_| ep::XNNPACK::default().build();
    /// Intel CPUs, through oneDNN.
    OneDnn, "onednn", |_| ep::OneDNN::default().build();
    /// Huawei NPUs.
    Cann, "cann", on_device!(CANN);
    /// Qualcomm NPUs.
    Qnn, "qnn", |_| ep::QNN::default().build();
}

impl Provider {
    /// Whether this program was built with the provider's feature.
    pub fn is_enabled(self) -> bool {
        self.dispatch(Placement::default()).is_some()
    }

    /// What registers the provider with a session and fails, rather than falling back, when it
    /// cannot; none when its feature is off.
    pub(super) fn dispatch(self, placement: Placement) -> Option<ExecutionProviderDispatch> {
        self.dispatch_on(placement).map(ExecutionProviderDispatch::error_on_failure)
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Provider {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|provider| provider.name().eq_ignore_ascii_case(name));
        found.copied().ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|provider| provider.name()).collect();
            Error::option("provider", format!("{name:?} is unknown; known are {}", known.join(", ")))
        })
    }
}
