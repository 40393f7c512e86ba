//! A graph's weights, held once for all of its sessions.
//!
//! ONNX Runtime lets sessions share initializers that their creator owns, and what its kernels make
//! of them (`AddInitializer` and a container of pre-packed weights). Here these are the bytes of the
//! model's files, mapped or read; a session is made from the graph's structure alone, which says where
//! each weight lies. So a session costs what it packs, no session copies weights, and loading takes a
//! fraction of the time.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use embedkit_onnx::{DataType, OnnxFile, Weight};
use ort::AsPointer;
use ort::memory::{Allocator, MemoryInfo};
use ort::session::Session;
use ort::session::builder::{PrepackedWeights, SessionBuilder};
use ort::value::{DynValue, TensorElementType};

use super::external::{External, unreadable};
use crate::model::FileBytes;
use crate::{Error, ModelFiles, Result};

/// A graph's structure and weights. Its sessions must be gone before it is dropped.
pub(super) struct SharedWeights {
    structure: Vec<u8>,
    values: Vec<(String, Arc<DynValue>)>,
    prepacked: PrepackedWeights,
    /// Where the structure's external data is; none when each session has to be told of the values.
    folder: Option<String>,
    /// What the values point into.
    files: BTreeMap<String, FileBytes>,
}

impl SharedWeights {
    /// Maps or reads a graph's weights. None when it has no weights to share, or is not understood: then
    /// the runtime reads it by itself, or says what is wrong with it.
    ///
    /// # Errors
    /// A file that cannot be read, that is too short for a weight, or that lies outside of the model's folder.
    pub(super) fn open(files: &ModelFiles, graph: &str, map: bool) -> Result<Option<Self>> {
        let bytes = files.open(graph, map)?;
        let external = External::open(files, graph, &bytes, map)?;
        let folder = if map { Folder::of(files, graph) } else { Folder::none() };
        let read =
            OnnxFile::read(&bytes, |file| folder.name_of(files, &beside(graph, file)), |name| external.bytes(name));
        let OnnxFile { structure, weights } = match read {
            Ok(read) => read,
            Err(what @ embedkit_onnx::Error::NotUnderstood(_))
                if external.is_empty() || (map && files.path(graph).is_some()) =>
            {
                tracing::debug!(graph, %what, "the runtime reads the graph by itself");
                return Ok(None);
            }
            Err(embedkit_onnx::Error::NotUnderstood(what)) => return Err(only_mapped(files, graph, map, what)),
            Err(error) => return Err(unreadable(files, graph, error)),
        };
        // Weights are stored with the lowest byte first.
        if (weights.is_empty() && external.is_empty()) || cfg!(target_endian = "big") {
            return Ok(None);
        }
        let mut opened = external.into_files(graph);
        opened.insert(graph.to_owned(), bytes);
        let mut values = Vec::with_capacity(weights.len());
        for weight in weights {
            let name = beside(graph, weight.file.as_deref());
            let value = value(&opened[&name], &weight, &files.label(&name))?;
            values.push((weight.name, Arc::new(value)));
        }
        Ok(Some(Self { structure, values, prepacked: PrepackedWeights::new(), folder: folder.path(), files: opened }))
    }

    /// A session that uses these weights.
    pub(super) fn commit(&self, mut builder: SessionBuilder) -> ort::Result<Session> {
        // Where another file has taken the place of a mapped one, the runtime must not look into it.
        let folder = self.folder.as_ref().filter(|_| self.files.values().all(FileBytes::is_at_its_path));
        if let Some(folder) = folder {
            builder = builder.with_config_entry("session.model_external_initializers_file_folder_path", folder)?;
        }
        for (name, value) in &self.values {
            if folder.is_none() {
                builder = builder.with_external_initializer(name, value.clone())?;
            }
            builder = builder.with_initializer(name, value.clone())?;
        }
        let session = builder.with_prepacked_weights(&self.prepacked)?.commit_from_memory(&self.structure);
        // Most of what was read is packed now and not needed again.
        self.files.values().for_each(FileBytes::release);
        session
    }

    /// Checks that the files are what they were when they were opened.
    ///
    /// # Errors
    /// As [`FileBytes::check_unchanged`].
    pub(super) fn check_unchanged(&self) -> Result<()> {
        self.files.values().try_for_each(FileBytes::check_unchanged)
    }
}

/// The error about external data that is left to the runtime, which maps it, and finds it only beside a graph in a file.
fn only_mapped(files: &ModelFiles, graph: &str, map: bool, what: &str) -> Error {
    let message = format!("has {what}: it can only be mapped, by the runtime, from a folder");
    if map {
        Error::file(files.label(graph), message)
    } else {
        Error::option("memory_map", format!("{graph} {message}"))
    }
}

/// The folder that a graph and its external data really lie in: runtimes from 1.24 on refuse external
/// data behind links to other folders, as caches of models have them.
struct Folder {
    path: Option<PathBuf>,
    holds_all: Cell<bool>,
}

impl Folder {
    fn of(files: &ModelFiles, graph: &str) -> Self {
        let real = files.path(graph).and_then(|path| path.canonicalize().ok());
        let path = real.and_then(|path| Some(path.parent()?.to_owned()));
        Self { holds_all: Cell::new(path.is_some()), path }
    }

    /// No folder is named to the runtime: it is told of all values.
    fn none() -> Self {
        Self { path: None, holds_all: Cell::new(false) }
    }

    /// A file's name in the folder.
    fn name_of(&self, files: &ModelFiles, name: &str) -> String {
        let real = files.path(name).and_then(|path| path.canonicalize().ok());
        let inside = real.as_deref().filter(|path| path.parent() == self.path.as_deref());
        let name = inside.and_then(|path| path.file_name()?.to_str());
        self.holds_all.set(self.holds_all.get() && name.is_some());
        name.unwrap_or("elsewhere").to_owned()
    }

    /// The folder, if every file that was asked for is in it.
    fn path(self) -> Option<String> {
        self.path.filter(|_| self.holds_all.get())?.into_os_string().into_string().ok()
    }
}

/// The name of a file that lies beside the graph; the graph's own when none is named.
fn beside(graph: &str, file: Option<&str>) -> String {
    file.map_or_else(|| graph.to_owned(), |file| ModelFiles::beside(graph, file))
}

/// A weight as the runtime's value. It points into the file, where weights lie at any byte.
#[allow(unsafe_code)]
fn value(file: &[u8], weight: &Weight, label: &Path) -> Result<DynValue> {
    let Weight { name, offset, bytes, .. } = weight;
    let values = offset.checked_add(*bytes).and_then(|end| file.get(*offset..end)).ok_or_else(|| {
        Error::file(label, format!("the weight {name:?} should take {bytes} bytes at {offset}, beyond the end"))
    })?;
    let element = match weight.data_type {
        DataType::F32 => TensorElementType::Float32,
        DataType::F64 => TensorElementType::Float64,
        DataType::F16 => TensorElementType::Float16,
        DataType::Bf16 => TensorElementType::Bfloat16,
        DataType::U8 => TensorElementType::Uint8,
        DataType::I8 => TensorElementType::Int8,
        DataType::U16 => TensorElementType::Uint16,
        DataType::I16 => TensorElementType::Int16,
        DataType::U32 => TensorElementType::Uint32,
        DataType::I32 => TensorElementType::Int32,
        DataType::U64 => TensorElementType::Uint64,
        DataType::I64 => TensorElementType::Int64,
        DataType::Bool => TensorElementType::Bool,
    };
    let (memory, allocator, mut raw) = (MemoryInfo::default(), Allocator::default(), null_mut());
    // SAFETY: the runtime is loaded; the shape's cells fill the bytes exactly (`Weight::read` checks it);
    // the runtime only reads initializers, and `SharedWeights` keeps the bytes for longer than the value.
    // Every bit pattern is a value of these types; the runtime reads truth values as zero or not zero. They may be
    // unaligned: the runtime's kernels read them so when it maps files itself, and x86-64 and AArch64 read numbers at any
    // byte.
    let status = unsafe {
        (ort::api().CreateTensorWithDataAsOrtValue)(
            memory.ptr(),
            values.as_ptr().cast::<c_void>().cast_mut(),
            values.len(),
            weight.shape.as_ptr(),
            weight.shape.len(),
            element.into(),
            &mut raw,
        )
    };
    let refused = || format!("the weight {name:?} is refused by the runtime");
    // SAFETY: the status is the one that was just returned.
    unsafe { ort::Error::result_from_status(status) }.map_err(|error| Error::file_because(label, refused(), error))?;
    let raw = NonNull::new(raw).ok_or_else(|| Error::file(label, refused()))?;
    // SAFETY: the value was just created, and nothing else owns it.
    Ok(unsafe { DynValue::from_ptr(raw, Some(&allocator)) })
}
