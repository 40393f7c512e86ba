//! What `index`, `search` and `eval` read beside texts.

use std::path::Path;

use embedkit::ImageInput;
use embedkit::retrieval::Record;
use embedkit::retrieval::document::{Readers, Video, video_frame};

use crate::failure::Result;

/// Readers of all kinds of files that this build knows, with a frame of a video every so many seconds.
pub(crate) fn readers(frame_seconds: f64) -> Result<Readers> {
    let readers = Readers::default().with(Video::every(frame_seconds)?);
    #[cfg(feature = "pdf")]
    let readers = readers.with(super::pdf_pages::PdfPages);
    #[cfg(feature = "parquet")]
    let readers = readers.with(super::parquet_rows::ParquetRows);
    Ok(readers)
}

/// The image that a record is of, read again from its file; none of a record that is of a text.
pub(crate) fn image(record: &Record) -> Result<Option<ImageInput>> {
    let path = Path::new(&record.path);
    if let Some(time) = record.time {
        return Ok(Some(video_frame(path, time)?));
    }
    #[cfg(feature = "pdf")]
    if let Some(page) = record.page {
        return Ok(super::pdf_pages::page(path, page)?);
    }
    // A chunk of a text begins and ends somewhere in it, unless it is a title alone; images have none.
    let is_text =
        record.row.is_some() || record.page.is_some() || record.end > record.start || !record.title.is_empty();
    Ok((!is_text).then(|| ImageInput::path(path)))
}
