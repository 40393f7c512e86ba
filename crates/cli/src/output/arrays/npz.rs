//! NumPy's archive of arrays, not compressed.

use std::io::{self, Seek, Write};

use embedkit::vector::npy;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Spool;

/// Writes the arrays; sparse ones with the name of their layout, so that SciPy reads them.
pub(super) fn write(target: &mut (impl Write + Seek), arrays: &mut [Spool], is_sparse: bool) -> io::Result<()> {
    let mut archive = ZipWriter::new(target);
    for array in arrays {
        let header = npy::header(array.number_type(), &array.shape());
        start(&mut archive, array.name(), header.len() as u64 + array.size())?;
        archive.write_all(&header)?;
        array.copy_to(&mut archive)?;
    }
    if is_sparse {
        start(&mut archive, "format", 0)?;
        archive.write_all(&npy::text_file("csr"))?;
    }
    archive.finish().map_err(io::Error::other)?.flush()
}

/// Begins the entry of an array of so many bytes.
fn start(archive: &mut ZipWriter<impl Write + Seek>, name: &str, bytes: u64) -> io::Result<()> {
    let large = u32::try_from(bytes).is_err();
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(large);
    archive.start_file(format!("{name}.npy"), options).map_err(io::Error::other)
}
