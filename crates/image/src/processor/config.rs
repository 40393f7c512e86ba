//! `preprocessor_config.json`.

use std::collections::BTreeMap;

use embedkit_core::{Error, ModelFiles, Result};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::levels::Levels;
use super::resampling::Resampling;
use super::size::{Resize, Size};
use super::tile::Tiling;
use super::{CONFIG_FILE, Step};
use crate::raster::{CHANNELS, MAX_SIDE};

/// A model's `preprocessor_config.json`: which steps its pictures go through.
///
/// Keys that no step needs are ignored, as the reference does.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ProcessorConfig {
    image_processor_type: Kind,
    do_resize: Option<bool>,
    size: Option<Sides>,
    resample: Option<Resampling>,
    crop_pct: Option<f64>,
    resize_mode: Option<String>,
    interpolation: Option<Resampling>,
    fill_color: Option<Colour>,
    do_center_crop: Option<bool>,
    crop_size: Option<Sides>,
    do_image_splitting: Option<bool>,
    max_image_size: Option<Sides>,
    min_pixels: Option<usize>,
    max_pixels: Option<usize>,
    patch_size: Option<usize>,
    merge_size: Option<usize>,
    do_rescale: Option<bool>,
    rescale_factor: Option<f64>,
    do_normalize: Option<bool>,
    image_mean: Option<PerChannel>,
    image_std: Option<PerChannel>,
    mean: Option<PerChannel>,
    std: Option<PerChannel>,
}

/// The processors whose rules are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
enum Kind {
    #[default]
    #[serde(rename = "CLIPImageProcessor")]
    Clip,
    #[serde(rename = "SiglipImageProcessor")]
    Siglip,
    #[serde(rename = "ConvNextFeatureExtractor")]
    ConvNext,
    #[serde(rename = "JinaCLIPImageProcessor")]
    JinaClip,
    #[serde(rename = "Idefics3ImageProcessor")]
    Idefics3,
    #[serde(rename = "Qwen2VLImageProcessor", alias = "Qwen2VLImageProcessorFast")]
    Qwen2Vl,
}

/// One number, or sides by their names.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Sides {
    One(usize),
    Named { shortest_edge: Option<usize>, longest_edge: Option<usize>, height: Option<usize>, width: Option<usize> },
}

/// A colour: its channels, or a number that holds them in its bytes, red lowest.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Colour {
    Packed(u32),
    Channels([u8; CHANNELS]),
}

/// A number by channel, or one for all.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum PerChannel {
    All(f64),
    Each([f64; CHANNELS]),
}

impl ProcessorConfig {
    /// The configuration among a model's files.
    pub(super) fn load(files: &ModelFiles) -> Result<Self> {
        // A list would be taken for the keys' values in their order, and an empty one for none at all.
        files.json::<BTreeMap<String, IgnoredAny>>(CONFIG_FILE)?;
        files.json(CONFIG_FILE)
    }

    /// The steps on 8-bit pictures, in their order: resize, pad to a square, crop in the centre.
    pub(super) fn steps(&self) -> Result<Vec<Step>> {
        let on = |flag: Option<bool>| flag.unwrap_or(false);
        let mut steps = Vec::new();
        match self.image_processor_type {
            Kind::Clip | Kind::Siglip => {
                if on(self.do_resize) {
                    let size = match self.size()? {
                        Sides::One(side) => Size::ShortestEdge(side),
                        Sides::Named { shortest_edge: Some(side), .. } => Size::ShortestEdge(side),
                        Sides::Named { height: Some(height), width: Some(width), .. } => Size::Exact { height, width },
                        Sides::Named { .. } => {
                            return Err(wrong("size", "needs `shortest_edge`, or `height` and `width`"));
                        }
                    };
                    steps.push(self.resize(size, Resampling::Bicubic));
                }
                if on(self.do_center_crop) {
                    let (height, width) = match required(self.crop_size, "crop_size")? {
                        Sides::One(side) => (side, side),
                        Sides::Named { height: Some(height), width: Some(width), .. } => (height, width),
                        Sides::Named { .. } => return Err(wrong("crop_size", "needs `height` and `width`")),
                    };
                    steps.push(Step::CentreCrop { height, width });
                }
            }
            Kind::ConvNext if self.do_resize == Some(false) => {}
            Kind::ConvNext => {
                let side = match self.size()? {
                    Sides::One(side) | Sides::Named { shortest_edge: Some(side), .. } => side,
                    Sides::Named { .. } => return Err(wrong("size", "needs `shortest_edge`")),
                };
                if side < CONVNEXT_UNCROPPED {
                    let enlarged = (side as f64 / self.crop_pct.unwrap_or(0.875)) as usize;
                    steps.push(self.resize(Size::ShortestEdge(enlarged), Resampling::Bicubic));
                    steps.push(Step::CentreCrop { height: side, width: side });
                } else {
                    steps.push(self.resize(Size::Exact { height: side, width: side }, Resampling::Bicubic));
                }
            }
            Kind::JinaClip => {
                let Sides::One(side) = self.size()? else {
                    return Err(wrong("size", "must be one number for JinaCLIPImageProcessor"));
                };
                if self.resize_mode.as_deref().is_none_or(|mode| mode == "shortest") {
                    let resampling = self.interpolation.unwrap_or(Resampling::Bicubic);
                    steps.push(Step::Resize(Resize { size: Size::ShortestEdge(side), resampling }));
                }
                let colour = self.fill_color.map_or([0; CHANNELS], Colour::channels);
                steps.push(Step::PadToSquare { side, colour });
            }
            Kind::Idefics3 if on(self.do_resize) => {
                let Sides::Named { longest_edge: Some(side), .. } = self.size()? else {
                    return Err(wrong("size", "needs `longest_edge` for Idefics3ImageProcessor"));
                };
                steps.push(self.resize(Size::LongestEdge(side), Resampling::Lanczos));
            }
            Kind::Idefics3 => {}
            Kind::Qwen2Vl if self.do_resize == Some(false) => {}
            Kind::Qwen2Vl => steps.push(self.resize(self.pixels()?, Resampling::Bicubic)),
        }
        steps.iter().try_for_each(Step::check)?;
        Ok(steps)
    }

    /// How a picture is cut into tiles, for processors that do.
    pub(super) fn tiling(&self) -> Result<Option<Tiling>> {
        if self.image_processor_type != Kind::Idefics3 {
            return Ok(None);
        }
        let side = match self.max_image_size {
            Some(Sides::Named { longest_edge: Some(side), .. }) => side,
            _ => 512,
        };
        check_side("max_image_size", side)?;
        let resampling = self.resample.unwrap_or(Resampling::Lanczos);
        Ok(Some(Tiling { side, resampling, split: self.do_image_splitting.unwrap_or(false) }))
    }

    /// What levels become.
    pub(super) fn levels(&self) -> Result<Levels> {
        let scale = self.do_rescale.unwrap_or(true).then(|| self.rescale_factor.unwrap_or(1.0 / 255.0));
        let normalization = if self.do_normalize.unwrap_or(false) {
            Some((required(self.image_mean, "image_mean")?, required(self.image_std, "image_std")?))
        } else {
            self.mean.zip(self.std)
        };
        let levels = Levels::new(scale, normalization.map(|(mean, std)| (mean.channels(), std.channels())));
        if !levels.are_finite() {
            return Err(wrong(
                "rescale_factor",
                "with `image_mean` and `image_std` makes values that are no finite numbers",
            ));
        }
        Ok(levels)
    }

    /// The size of pictures that become as many patches as they need: between two numbers of pixels,
    /// with sides of whole merged patches.
    fn pixels(&self) -> Result<Size> {
        let (fewest, most) = match self.size {
            Some(Sides::Named { shortest_edge, longest_edge, .. }) => (shortest_edge, longest_edge),
            Some(Sides::One(_)) => return Err(wrong("size", "needs `shortest_edge` and `longest_edge`")),
            None => (Some(56 * 56), Some(28 * 28 * 1280)),
        };
        let fewest = required(self.min_pixels.or(fewest), "min_pixels")?;
        let most = required(self.max_pixels.or(most), "max_pixels")?;
        let multiple = self.patch_size.unwrap_or(14).saturating_mul(self.merge_size.unwrap_or(2));
        check_side("patch_size", multiple)?;
        if fewest == 0 || fewest > most {
            let message = format!("of {most}, with `min_pixels` of {fewest}, leaves no size");
            return Err(wrong("max_pixels", &message));
        }
        Ok(Size::Pixels { multiple, fewest, most })
    }

    fn size(&self) -> Result<Sides> {
        required(self.size, "size")
    }

    fn resize(&self, size: Size, default: Resampling) -> Step {
        Step::Resize(Resize { size, resampling: self.resample.unwrap_or(default) })
    }
}

/// ConvNext pictures of at least this side are not cropped.
const CONVNEXT_UNCROPPED: usize = 384;

impl Step {
    fn check(&self) -> Result<()> {
        let sides = match *self {
            Self::Resize(Resize { size, .. }) => match size {
                Size::ShortestEdge(side) | Size::LongestEdge(side) | Size::Tiles(side) => [side, side],
                Size::Exact { height, width } => [height, width],
                Size::Pixels { multiple, .. } => [multiple, multiple],
            },
            Self::PadToSquare { side, .. } => [side, side],
            Self::CentreCrop { height, width } => [height, width],
        };
        sides.into_iter().try_for_each(|side| check_side("size", side))
    }
}

impl Colour {
    fn channels(self) -> [u8; CHANNELS] {
        match self {
            Self::Channels(channels) => channels,
            Self::Packed(number) => {
                let [red, green, blue, _] = number.to_le_bytes();
                [red, green, blue]
            }
        }
    }
}

impl PerChannel {
    fn channels(self) -> [f32; CHANNELS] {
        match self {
            Self::All(value) => [value as f32; CHANNELS],
            Self::Each(values) => values.map(|value| value as f32),
        }
    }
}

fn check_side(key: &str, side: usize) -> Result<()> {
    if (1..=MAX_SIDE).contains(&side) {
        return Ok(());
    }
    Err(wrong(key, &format!("gives a side of {side} pixels, out of 1 to {MAX_SIDE}")))
}

fn required<T>(value: Option<T>, key: &str) -> Result<T> {
    value.ok_or_else(|| wrong(key, "is missing and the processor needs it"))
}

fn wrong(key: &str, message: &str) -> Error {
    Error::file(super::CONFIG_FILE, format!("`{key}` {message}"))
}
