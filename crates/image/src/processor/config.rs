//! `preprocessor_config.json`, or the `image_processor` of `processor_config.json`.

use std::collections::BTreeMap;

use embedkit_core::{Error, ModelFiles, Result};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, IgnoredAny};
use serde_json::Value;

use super::class::{Class, Kind};
use super::levels::Levels;
use super::resampling::Resampling;
use super::settings::{FromSetting, Setting, Settings, WrongSetting};
use super::size::{Resize, Size};
use super::tile::Tiling;
use super::{CONFIG_FILE, Step};
use crate::raster::{CHANNELS, MAX_SIDE};

/// A model's description of how its images are processed.
///
/// Its `image_processor_type` is one of those whose rules are known; without one, the reference's rules for CLIP hold. What
/// is left out has the default of the reference for the types that it knows, and else that of transformers. Keys that no step of this type
/// needs are ignored, as the reference does; keys that no type is known to have are refused. A switch that is null is off
/// for the types that the reference knows, since it is for Python, and left out for those of transformers, which takes it for that.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProcessorConfig {
    image_processor_type: Option<String>,
    feature_extractor_type: Option<String>,
    do_resize: Setting<bool>,
    size: Option<Sides>,
    resample: Setting<Resampling>,
    crop_pct: Option<f64>,
    resize_mode: Setting<String>,
    interpolation: Option<Resampling>,
    fill_color: Option<Colour>,
    do_center_crop: Setting<bool>,
    crop_size: Option<Sides>,
    do_image_splitting: Setting<bool>,
    max_image_size: Option<Sides>,
    min_pixels: Option<usize>,
    max_pixels: Option<usize>,
    patch_size: Option<usize>,
    merge_size: Option<usize>,
    do_rescale: Setting<bool>,
    rescale_factor: Option<f64>,
    do_normalize: Setting<bool>,
    image_mean: Option<PerChannel>,
    image_std: Option<PerChannel>,
    mean: Setting<PerChannel>,
    std: Setting<PerChannel>,
    do_pad: Option<bool>,
    others: BTreeMap<String, Value>,
}

impl<'de> Deserialize<'de> for ProcessorConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Settings(BTreeMap::deserialize(deserializer)?)).map_err(D::Error::custom)
    }
}

/// Keys that change nothing of an image's tensor: what is written beside it, and how transformers is called.
const WITHOUT_EFFECT: [&str; 20] = [
    "_name_or_path",
    "_processor_class",
    "_valid_processor_keys",
    "auto_map",
    "data_format",
    "default_to_square",
    "device",
    "disable_grouping",
    "do_convert_rgb",
    "image_seq_len",
    "image_seq_length",
    "input_data_format",
    "model_input_names",
    "processor_class",
    "return_row_col_info",
    "return_tensors",
    "temporal_patch_size",
    "tokenizer_class",
    "transformers_version",
    "video_processor_type",
];

/// One number, or sides by their names.
#[derive(Clone, Copy, Debug)]
enum Sides {
    One(usize),
    Named { shortest_edge: Option<usize>, longest_edge: Option<usize>, height: Option<usize>, width: Option<usize> },
}

impl FromSetting for Sides {
    const EXPECTED: &'static str = "a whole number, or an object with whole numbers as `height` and `width`, \
        `shortest_edge` or `longest_edge`";

    fn from_setting(value: &Value) -> Option<Self> {
        let Value::Object(sides) = value else { return usize::from_setting(value).map(Self::One) };
        let side = |name: &str| match sides.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(side) => usize::from_setting(side).map(Some),
        };
        Some(Self::Named {
            shortest_edge: side("shortest_edge")?,
            longest_edge: side("longest_edge")?,
            height: side("height")?,
            width: side("width")?,
        })
    }
}

/// A colour: its channels, or a number that holds them in its bytes, red lowest.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Colour {
    Packed(u32),
    Channels([u8; CHANNELS]),
}

impl FromSetting for Colour {
    const EXPECTED: &'static str = "three numbers from 0 to 255, or one that holds them in its bytes";

    fn from_setting(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }
}

/// A number by channel, or one for all.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum PerChannel {
    All(f64),
    Each([f64; CHANNELS]),
}

impl FromSetting for PerChannel {
    const EXPECTED: &'static str = "a number, or three, one for each channel";

    fn from_setting(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }
}

/// The file in which transformers 5 keeps all parts of a processor.
pub(crate) const WHOLE_CONFIG_FILE: &str = "processor_config.json";

/// What a model's files say of its images' processing, and the file that says it.
///
/// # Errors
/// [`Error::MissingFile`] when no file does; [`Error::InvalidFile`] when it cannot be read as that.
pub fn processor_settings<T: DeserializeOwned>(files: &ModelFiles) -> Result<(T, &'static str)> {
    #[derive(Deserialize)]
    struct Whole<T> {
        image_processor: Option<T>,
    }
    if !files.has(CONFIG_FILE)
        && files.has(WHOLE_CONFIG_FILE)
        && let Whole { image_processor: Some(_) } =
            files.json::<Whole<BTreeMap<String, IgnoredAny>>>(WHOLE_CONFIG_FILE)?
        && let Whole { image_processor: Some(settings) } = files.json(WHOLE_CONFIG_FILE)?
    {
        return Ok((settings, WHOLE_CONFIG_FILE));
    }
    // A list would be taken for the keys' values in their order, and an empty one for none at all.
    files.json::<BTreeMap<String, IgnoredAny>>(CONFIG_FILE)?;
    Ok((files.json(CONFIG_FILE)?, CONFIG_FILE))
}

impl ProcessorConfig {
    fn read(mut settings: Settings) -> Result<Self, WrongSetting> {
        Ok(Self {
            image_processor_type: settings.value("image_processor_type")?,
            feature_extractor_type: settings.value("feature_extractor_type")?,
            do_resize: settings.take("do_resize")?,
            size: settings.value("size")?,
            resample: settings.take("resample")?,
            crop_pct: settings.value("crop_pct")?,
            resize_mode: settings.take("resize_mode")?,
            interpolation: settings.value("interpolation")?,
            fill_color: settings.value("fill_color")?,
            do_center_crop: settings.take("do_center_crop")?,
            crop_size: settings.value("crop_size")?,
            do_image_splitting: settings.take("do_image_splitting")?,
            max_image_size: settings.value("max_image_size")?,
            min_pixels: settings.value("min_pixels")?,
            max_pixels: settings.value("max_pixels")?,
            patch_size: settings.value("patch_size")?,
            merge_size: settings.value("merge_size")?,
            do_rescale: settings.take("do_rescale")?,
            rescale_factor: settings.value("rescale_factor")?,
            do_normalize: settings.take("do_normalize")?,
            image_mean: settings.value("image_mean")?,
            image_std: settings.value("image_std")?,
            mean: settings.take("mean")?,
            std: settings.take("std")?,
            do_pad: settings.value("do_pad")?,
            others: settings.0,
        })
    }

    /// What the type is known to do.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] for a type that is not known, or a key that is not.
    pub(super) fn class(&self) -> Result<&'static Class> {
        let (key, name) = match (&self.image_processor_type, &self.feature_extractor_type) {
            (Some(name), _) => ("image_processor_type", name.as_str()),
            (None, Some(name)) => ("feature_extractor_type", name.as_str()),
            (None, None) => ("image_processor_type", Class::DEFAULT),
        };
        let class = Class::find(name).ok_or_else(|| {
            wrong(key, &format!("is {name:?}, whose rules are not known; known: {}", Class::names().join(", ")))
        })?;
        let matters = |value: &Value| !matches!(value, Value::Null | Value::Bool(false));
        let others =
            self.others.iter().filter(|(key, value)| !WITHOUT_EFFECT.contains(&key.as_str()) && matters(value));
        if let Some((key, value)) = others.into_iter().next() {
            return Err(wrong(key, &format!("is {value}, and what it changes is not known")));
        }
        if self.do_pad == Some(true) && class.kind != Kind::Idefics3 {
            return Err(wrong("do_pad", "makes images depend on those beside them, which is not done"));
        }
        Ok(class)
    }

    /// The steps on 8-bit images, in their order: resize, pad to a square, crop in the centre.
    pub(super) fn steps(&self) -> Result<Vec<Step>> {
        let class = self.class()?;
        let resizes = class.does(self.do_resize, class.resizes);
        let steps = match class.kind {
            Kind::Plain => self.plain_steps(class, resizes)?,
            Kind::JinaClip => self.jina_clip_steps(class)?,
            Kind::ConvNext | Kind::Idefics3 | Kind::Qwen2Vl if !resizes => Vec::new(),
            Kind::ConvNext => self.convnext_steps(class)?,
            Kind::Idefics3 => vec![self.resize(self.longest_edge(class)?, class)],
            Kind::Qwen2Vl => vec![self.resize(self.pixels()?, class)],
        };
        steps.iter().try_for_each(Step::check)?;
        Ok(steps)
    }

    fn plain_steps(&self, class: &Class, resizes: bool) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        if resizes {
            steps.push(self.resize(self.plain_size(class)?, class));
        }
        if class.does(self.do_center_crop, class.crops) {
            let crop = self.crop_size.or(class.crop_side.map(Sides::One));
            let (height, width) = match required(crop, "crop_size")? {
                Sides::One(side) => (side, side),
                Sides::Named { height: Some(height), width: Some(width), .. } => (height, width),
                Sides::Named { .. } => return Err(wrong("crop_size", "needs `height` and `width`")),
            };
            steps.push(Step::CentreCrop { height, width });
        }
        Ok(steps)
    }

    fn plain_size(&self, class: &Class) -> Result<Size> {
        match self.size {
            None => required(class.size, "size"),
            Some(Sides::One(side)) if class.square => Ok(Size::Exact { height: side, width: side }),
            Some(Sides::One(side)) => Ok(Size::ShortestEdge(side)),
            Some(Sides::Named { longest_edge: Some(_), shortest_edge: Some(_), .. }) if !class.reference => {
                Err(wrong("size", "has `shortest_edge` and `longest_edge`, which is not done"))
            }
            Some(Sides::Named { shortest_edge: Some(side), .. }) => Ok(Size::ShortestEdge(side)),
            Some(Sides::Named { height: Some(height), width: Some(width), .. }) => Ok(Size::Exact { height, width }),
            Some(Sides::Named { .. }) => Err(wrong("size", "needs `shortest_edge`, or `height` and `width`")),
        }
    }

    fn convnext_steps(&self, class: &Class) -> Result<Vec<Step>> {
        let side = match (self.size, class.size) {
            (Some(Sides::One(side) | Sides::Named { shortest_edge: Some(side), .. }), _)
            | (None, Some(Size::ShortestEdge(side))) => side,
            _ => return Err(wrong("size", "needs `shortest_edge`")),
        };
        if side >= CONVNEXT_UNCROPPED {
            return Ok(vec![self.resize(Size::Exact { height: side, width: side }, class)]);
        }
        let enlarged = (side as f64 / self.crop_pct.unwrap_or(0.875)) as usize;
        let crop = Step::CentreCrop { height: side, width: side };
        Ok(vec![self.resize(Size::ShortestEdge(enlarged), class), crop])
    }

    fn jina_clip_steps(&self, class: &Class) -> Result<Vec<Step>> {
        let Some(Sides::One(side)) = self.size else {
            return Err(wrong("size", "must be one number for JinaCLIPImageProcessor"));
        };
        let resizes = match &self.resize_mode {
            Setting::Absent => true,
            Setting::Null => false,
            Setting::Value(mode) => mode == "shortest",
        };
        let resampling = self.interpolation.unwrap_or(class.resampling);
        let resize = Step::Resize(Resize { size: Size::ShortestEdge(side), resampling });
        let colour = self.fill_color.map_or([0; CHANNELS], Colour::channels);
        Ok(resizes.then_some(resize).into_iter().chain([Step::PadToSquare { side, colour }]).collect())
    }

    /// The longer side of images that are cut into tiles.
    fn longest_edge(&self, class: &Class) -> Result<Size> {
        match (self.size, class.size) {
            (Some(Sides::Named { longest_edge: Some(side), .. }), _) => Ok(Size::LongestEdge(side)),
            (None, Some(size)) => Ok(size),
            _ => Err(wrong("size", "needs `longest_edge` for Idefics3ImageProcessor")),
        }
    }

    /// How an image is cut into tiles, for processors that do.
    pub(super) fn tiling(&self) -> Result<Option<Tiling>> {
        let class = self.class()?;
        if class.kind != Kind::Idefics3 {
            return Ok(None);
        }
        let side = match self.max_image_size {
            Some(Sides::Named { longest_edge: Some(side), .. }) => side,
            _ => class.tile,
        };
        check_side("max_image_size", side)?;
        let split = class.does(self.do_image_splitting, class.splits);
        Ok(Some(Tiling { side, resampling: self.resampling(class), split }))
    }

    /// What levels become.
    pub(super) fn levels(&self) -> Result<Levels> {
        let class = self.class()?;
        let scale = class.does(self.do_rescale, true).then(|| self.rescale_factor.unwrap_or(1.0 / 255.0));
        let normalization = if class.does(self.do_normalize, class.normalizes) {
            let (mean, std) =
                class.normalization.map(|(mean, std)| (PerChannel::Each(mean), PerChannel::Each(std))).unzip();
            Some((required(self.image_mean.or(mean), "image_mean")?, required(self.image_std.or(std), "image_std")?))
        } else {
            match (self.mean, self.std) {
                (Setting::Value(mean), Setting::Value(std)) => Some((mean, std)),
                (Setting::Null, Setting::Null | Setting::Value(_)) if class.reference => {
                    return Err(wrong("mean", "is null beside `std`, which makes values that are no numbers"));
                }
                (Setting::Value(_), Setting::Null) if class.reference => {
                    return Err(wrong("std", "is null beside `mean`, which makes values that are no numbers"));
                }
                _ => None,
            }
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

    /// The size of images that become as many patches as they need: between two numbers of pixels,
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

    fn resize(&self, size: Size, class: &Class) -> Step {
        Step::Resize(Resize { size, resampling: self.resampling(class) })
    }

    /// How pixels are interpolated; for the reference null is what it is for Pillow.
    fn resampling(&self, class: &Class) -> Resampling {
        match self.resample {
            Setting::Value(resampling) => resampling,
            Setting::Null if class.reference => Resampling::Bicubic,
            Setting::Null | Setting::Absent => class.resampling,
        }
    }
}

/// ConvNext images of at least this side are not cropped.
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
