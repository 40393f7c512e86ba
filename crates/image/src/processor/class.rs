//! The types of image processors whose rules are known, and what they do where a configuration says nothing.

use super::resampling::Resampling;
use super::settings::Setting;
use super::size::Size;
use crate::raster::CHANNELS;

/// A type of processors.
pub(super) struct Class {
    name: &'static str,
    pub(super) kind: Kind,
    /// Whether the reference knows it: zeros around an image are then floats, which are rescaled with less precision.
    pub(super) reference: bool,
    pub(super) resizes: bool,
    pub(super) size: Option<Size>,
    /// Whether one side means a square, and not the shorter side.
    pub(super) square: bool,
    pub(super) resampling: Resampling,
    pub(super) crops: bool,
    /// Side of the square that is cut out.
    pub(super) crop_side: Option<usize>,
    /// Side of a tile, and whether images are cut into several.
    pub(super) tile: usize,
    pub(super) splits: bool,
    pub(super) normalizes: bool,
    /// Mean and standard deviation by channel.
    pub(super) normalization: Option<([f64; CHANNELS], [f64; CHANNELS])>,
}

/// Which rules a type has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Resize, and cut out the centre.
    Plain,
    ConvNext,
    JinaClip,
    Idefics3,
    Qwen2Vl,
}

const CLIP: ([f64; CHANNELS], [f64; CHANNELS]) =
    ([0.481_454_66, 0.457_827_5, 0.408_210_73], [0.268_629_54, 0.261_302_58, 0.275_777_11]);
const HALVES: ([f64; CHANNELS], [f64; CHANNELS]) = ([0.5; CHANNELS], [0.5; CHANNELS]);

/// What the reference (fastembed 0.9.1) does with its types.
const fn reference(name: &'static str, kind: Kind) -> Class {
    Class {
        name,
        kind,
        reference: true,
        resizes: matches!(kind, Kind::ConvNext),
        size: None,
        square: false,
        resampling: if matches!(kind, Kind::Idefics3) { Resampling::Lanczos } else { Resampling::Bicubic },
        crops: false,
        crop_side: None,
        tile: 512,
        splits: false,
        normalizes: false,
        normalization: None,
    }
}

/// What transformers 5 does, for a type that resizes and normalises.
const fn transformers(
    name: &'static str,
    kind: Kind,
    size: Size,
    normalization: ([f64; CHANNELS], [f64; CHANNELS]),
) -> Class {
    Class {
        reference: false,
        resizes: true,
        size: Some(size),
        normalizes: true,
        normalization: Some(normalization),
        ..reference(name, kind)
    }
}

/// As CLIP in transformers: the shorter side resized, and the centre cut out.
const fn cropped(name: &'static str) -> Class {
    Class { crops: true, crop_side: Some(224), ..transformers(name, Kind::Plain, Size::ShortestEdge(224), CLIP) }
}

const fn vit(name: &'static str) -> Class {
    Class { square: true, resampling: Resampling::Bilinear, ..siglip(name) }
}

/// A square where nothing is said, and the shorter side where one number is.
const fn siglip(name: &'static str) -> Class {
    transformers(name, Kind::Plain, Size::Exact { height: 224, width: 224 }, HALVES)
}

const fn convnext(name: &'static str) -> Class {
    transformers(name, Kind::ConvNext, Size::ShortestEdge(384), HALVES)
}

const fn qwen2_vl(name: &'static str) -> Class {
    transformers(name, Kind::Qwen2Vl, Size::Pixels { multiple: 28, fewest: 56 * 56, most: 28 * 28 * 1280 }, CLIP)
}

const fn idefics3(name: &'static str) -> Class {
    Class {
        resampling: Resampling::Lanczos,
        tile: 364,
        splits: true,
        ..transformers(name, Kind::Idefics3, Size::LongestEdge(4 * 364), HALVES)
    }
}

/// Names that end in `Fast` or `FeatureExtractor` are those of newer and older files for the same rules.
static CLASSES: [Class; 20] = [
    reference("CLIPImageProcessor", Kind::Plain),
    reference("CLIPFeatureExtractor", Kind::Plain),
    cropped("CLIPImageProcessorFast"),
    reference("SiglipImageProcessor", Kind::Plain),
    siglip("SiglipImageProcessorFast"),
    reference("ConvNextFeatureExtractor", Kind::ConvNext),
    convnext("ConvNextImageProcessor"),
    convnext("ConvNextImageProcessorFast"),
    reference("JinaCLIPImageProcessor", Kind::JinaClip),
    reference("Idefics3ImageProcessor", Kind::Idefics3),
    idefics3("Idefics3ImageProcessorFast"),
    vit("ViTImageProcessor"),
    vit("ViTImageProcessorFast"),
    vit("ViTFeatureExtractor"),
    cropped("BitImageProcessor"),
    cropped("BitImageProcessorFast"),
    qwen2_vl("Qwen2VLImageProcessor"),
    qwen2_vl("Qwen2VLImageProcessorFast"),
    qwen2_vl("Qwen2_5_VLImageProcessor"),
    qwen2_vl("Qwen2_5_VLImageProcessorFast"),
];

impl Class {
    /// The type of configurations that name none.
    pub(super) const DEFAULT: &str = "CLIPImageProcessor";

    /// The type of this name. What transformers 5 writes where it works with Pillow (`…Pil`) has the rules of what it
    /// writes elsewhere.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        let fast = name.strip_suffix("Pil").map(|stem| format!("{stem}Fast"));
        let name = fast.as_deref().unwrap_or(name);
        CLASSES.iter().find(|class| class.name == name)
    }

    /// Whether a step is taken. Null is false for the reference, and nothing for transformers.
    pub(super) fn does(&self, switch: Setting<bool>, default: bool) -> bool {
        match switch {
            Setting::Value(on) => on,
            Setting::Null => default && !self.reference,
            Setting::Absent => default,
        }
    }

    pub(super) fn names() -> Vec<&'static str> {
        CLASSES.iter().map(|class| class.name).collect()
    }
}
