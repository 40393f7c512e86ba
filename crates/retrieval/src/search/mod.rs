//! Questions to answers, and the way each score came about.

mod explain;
mod feedback;
mod files;
mod highlight;
mod home;
mod ranking;
mod stage;
mod stored;

use std::collections::HashMap;
use std::sync::OnceLock;

use embedkit_core::{Error, Result};
use serde::Serialize;

pub use explain::{Explanation, StageExplanation, Term};
pub use highlight::Highlight;

use crate::collection::{CollectionFolder, StageModel, Version, check_model};
use crate::database::{About, Address, Database, Points, open_complete};
use crate::filter::Filter;
use crate::fusion::{Contribution, Fused};
use crate::model::{Configure, Model};
use crate::pipeline::{Pipeline, Rerank};
use crate::record::Record;
use files::Files;
use home::Home;
use stage::LoadedStage;
use stored::Stored;

/// Searches one version of a collection, wherever it lives.
pub struct Searcher {
    pipeline: Pipeline,
    models: Vec<StageModel>,
    home: Place,
    stages: Vec<LoadedStage>,
    rerankers: Vec<(Rerank, Reranker)>,
    /// Models whose rows are labelled, for explanations, where stages have such; loaded when they are asked for.
    labelled: Vec<OnceLock<Option<Model>>>,
}

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Hit {
    /// Its rank, from 1.
    pub rank: usize,
    /// Its number in the collection.
    pub number: usize,
    /// What it is ordered by: the fused score, or that of the last reranker that saw it.
    pub score: f64,
    /// What each stage added to the fused score.
    pub contributions: Vec<Contribution>,
    /// The scores of the rerankers that saw it, in turn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reranked: Vec<f32>,
    /// The record.
    pub record: Record,
    /// What was asked, where what the stages added was not told and has to be asked for.
    #[serde(skip)]
    asked: Option<Asked>,
}

/// What a hit was asked for with, beside the query.
#[derive(Clone, Debug, PartialEq)]
struct Asked {
    k: usize,
    filter: Filter,
}

/// Where the version lives.
enum Place {
    Files(Box<Files>),
    Database(Box<Stored>),
}

impl Place {
    fn home(&self) -> &dyn Home {
        match self {
            Self::Files(files) => &**files,
            Self::Database(stored) => &**stored,
        }
    }
}

/// What orders the best anew.
enum Reranker {
    Model(Box<Model>),
    /// The vectors of the stage at this place.
    Stage(usize),
}

impl Searcher {
    /// Opens the version of a collection that is searched, and loads its models.
    ///
    /// # Errors
    /// A folder that is no collection, models that cannot be loaded, and models other than those that the collection was
    /// made with.
    pub fn open(collection: &CollectionFolder, configure: Configure<'_>) -> Result<Self> {
        Self::of_version(collection.open()?, configure)
    }

    /// The same, wherever the collection lives.
    ///
    /// # Errors
    /// As [`open`](Self::open), and a database that cannot be reached.
    pub fn at(address: &Address, configure: Configure<'_>) -> Result<Self> {
        if let Address::Folder(folder) = address {
            return Self::open(&CollectionFolder::new(folder), configure);
        }
        let database = address.database()?.ok_or_else(|| Error::input(format!("there is no database at {address}")))?;
        Self::of_database(&*database, None, configure)
    }

    /// Searches this version.
    ///
    /// # Errors
    /// As [`open`](Self::open), and a version that is not complete.
    pub fn of_version(version: Version, configure: Configure<'_>) -> Result<Self> {
        if !version.manifest().is_complete {
            let message = format!("{} was interrupted and is not complete; index again", version.name());
            return Err(Error::option("version", message));
        }
        let pipeline = version.pipeline().clone();
        let models = version.manifest().models.clone();
        let place = version.folder().display().to_string();
        let stages = load(&pipeline, &models, &place, configure)?;
        let files = Files::open(version, &stages)?;
        Self::new(pipeline, models, stages, Place::Files(Box::new(files)), configure)
    }

    /// Searches a version in a database; without a name, the one that is searched there.
    ///
    /// # Errors
    /// As [`open`](Self::open), and a database that cannot be reached, has no such version or not all of it.
    pub fn of_database(database: &dyn Database, version: Option<&str>, configure: Configure<'_>) -> Result<Self> {
        let (about, points) = match version {
            Some(name) => open_complete(database, name)?,
            None => {
                let current = database.current()?;
                database.open(&current.ok_or_else(|| Error::input("there is no collection here: publish one"))?)?
            }
        };
        Self::of_points(&about, points, configure)
    }

    /// Searches points that a database gave.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of_points(about: &About, points: Box<dyn Points>, configure: Configure<'_>) -> Result<Self> {
        let pipeline = about.pipeline()?;
        let stages = load(&pipeline, &about.models, "the collection", configure)?;
        let stored = Stored::new(pipeline.clone(), about.records, points);
        Self::new(pipeline, about.models.clone(), stages, Place::Database(Box::new(stored)), configure)
    }

    fn new(
        pipeline: Pipeline,
        models: Vec<StageModel>,
        stages: Vec<LoadedStage>,
        home: Place,
        configure: Configure<'_>,
    ) -> Result<Self> {
        let reranker = |rerank: &Rerank| {
            let stage = rerank.stage.as_ref().and_then(|name| stages.iter().position(|stage| stage.spec.name == *name));
            let reranker = match stage {
                Some(stage) => Reranker::Stage(stage),
                None => Reranker::Model(Box::new(Model::load_for_reranking(rerank, configure)?)),
            };
            Ok((rerank.clone(), reranker))
        };
        let rerankers = pipeline.rerankers.iter().map(reranker).collect::<Result<_>>()?;
        let labelled = stages.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { pipeline, models, home, stages, rerankers, labelled })
    }

    /// The version, where it is one of plain files.
    pub fn version(&self) -> Option<&Version> {
        match &self.home {
            Place::Files(files) => Some(files.version()),
            Place::Database(_) => None,
        }
    }

    /// How it is searched.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// The models of the stages.
    pub fn models(&self) -> &[StageModel] {
        &self.models
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.home.home().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A record.
    ///
    /// # Errors
    /// A number beyond the last, and a damaged file or a database that cannot be reached.
    pub fn record(&self, number: usize) -> Result<Record> {
        let mut records = self.home.home().records(&[number])?;
        records.pop().ok_or_else(|| Error::input(format!("there is no record {number}")))
    }

    /// The best `k` records for a query. Stages propose at least as many, whatever their depth. Where no model knows a word of
    /// the query there is nothing that is similar to it, and nothing is found.
    ///
    /// # Errors
    /// A query that cannot be embedded, a model that fails, a damaged file.
    pub fn search(&self, query: &str, k: usize) -> Result<Vec<Hit>> {
        self.search_filtered(query, k, &Filter::new())
    }

    /// The best `k` of the records that a filter lets pass.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn search_filtered(&self, query: &str, k: usize, filter: &Filter) -> Result<Vec<Hit>> {
        let question = self.question(query, filter)?;
        if self.is_blank(&question) {
            return Ok(Vec::new());
        }
        let mut known = HashMap::new();
        let home = self.home.home();
        let at_once = match self.sees_one_kind() {
            true => home.at_once(&self.pipeline, &question.vectors, k, filter)?,
            false => None,
        };
        // What each stage added, a database has not told that ordered all at once.
        let asked = at_once.is_some().then(|| Asked { k, filter: filter.clone() });
        let ordered = match at_once {
            Some(answer) => {
                known = answer.known;
                let one = |(record, score): (usize, f32)| {
                    (Fused { record, score: f64::from(score), contributions: Vec::new() }, vec![score])
                };
                let mut ordered: Vec<_> = answer.ranked.into_iter().map(one).collect();
                ordered.truncate(self.deepest(1, k));
                self.rerank(&question, ordered, 1, &mut known)?
            }
            None => {
                let fused = self.fused_of(&question, k, &self.pipeline.fusion, &mut known)?;
                let ordered = fused.into_iter().take(self.deepest(0, k)).map(|one| (one, Vec::new())).collect();
                self.rerank(&question, ordered, 0, &mut known)?
            }
        };
        let best: Vec<_> = ordered.into_iter().take(k).collect();
        let numbers: Vec<usize> = best.iter().map(|(fused, _)| fused.record).collect();
        let records = self.records(&numbers, &mut known)?;
        let hit = |(at, ((fused, reranked), record)): (usize, ((Fused, Vec<f32>), Record))| Hit {
            rank: at + 1,
            number: fused.record,
            score: reranked.last().copied().map_or(fused.score, f64::from),
            contributions: fused.contributions,
            reranked,
            record,
            asked: asked.clone(),
        };
        Ok(best.into_iter().zip(records).enumerate().map(hit).collect())
    }
}

/// The stages of a pipeline with their models, which must be those that its vectors are of.
fn load(pipeline: &Pipeline, models: &[StageModel], place: &str, configure: Configure<'_>) -> Result<Vec<LoadedStage>> {
    let load = |stage: &crate::pipeline::Stage| {
        let loaded = LoadedStage::load(stage, configure)?;
        check_model(models, &stage.name, &loaded.model, loaded.query_model.as_ref(), place)?;
        Ok(loaded)
    };
    pipeline.stages.iter().map(load).collect()
}
