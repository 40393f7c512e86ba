//! The points of one collection.

use std::sync::Arc;

use embedkit_core::Result;
use futures_util::future::try_join_all;
use qdrant_client::qdrant::{CountPointsBuilder, QueryBatchPointsBuilder};
use serde_json::{Map, Value};

use super::super::{Found, Point, Points, Query};
use super::{Connection, words};

/// A collection on a server.
pub(super) struct Collection {
    connection: Arc<Connection>,
    name: String,
}

impl Collection {
    pub(super) fn new(connection: Arc<Connection>, name: String) -> Self {
        Self { connection, name }
    }
}

impl Points for Collection {
    fn upsert(&self, points: Vec<Point>) -> Result<()> {
        self.upsert_all(vec![points])
    }

    fn upsert_all(&self, lots: Vec<Vec<Point>>) -> Result<()> {
        let lots = lots.into_iter().filter(|lot| !lot.is_empty());
        let requests = lots.map(|lot| words::upsert(&self.name, lot)).collect::<Result<Vec<_>>>()?;
        let send = requests.into_iter().map(|request| self.connection.client.upsert_points(request));
        self.connection.ask(try_join_all(send)).map(drop)
    }

    fn count(&self) -> Result<usize> {
        let request = CountPointsBuilder::new(&self.name).exact(true);
        let answer = self.connection.ask(self.connection.client.count(request))?;
        Ok(answer.result.map_or(0, |result| result.count as usize))
    }

    fn get(&self, ids: &[u64]) -> Result<Vec<(u64, Map<String, Value>)>> {
        let answer = self.connection.ask(self.connection.client.get_points(words::get(&self.name, ids)))?;
        Ok(answer.result.into_iter().filter_map(words::retrieved).collect())
    }

    fn present(&self, ids: &[u64]) -> Result<Vec<u64>> {
        let answer = self.connection.ask(self.connection.client.get_points(words::get_ids(&self.name, ids)))?;
        Ok(answer.result.into_iter().filter_map(words::retrieved).map(|(id, _)| id).collect())
    }

    fn vectors(&self, stage: &str, ids: &[u64]) -> Result<Vec<(u64, Vec<f32>)>> {
        let request = words::get_vectors(&self.name, stage, ids);
        let answer = self.connection.ask(self.connection.client.get_points(request))?;
        Ok(answer.result.into_iter().filter_map(|point| words::vector_of(point, stage)).collect())
    }

    fn query(&self, queries: Vec<Query>) -> Result<Vec<Vec<Found>>> {
        let mut requests =
            queries.into_iter().map(|query| words::query(&self.name, query)).collect::<Result<Vec<_>>>()?;
        let client = &self.connection.client;
        if requests.len() == 1
            && let Some(request) = requests.pop()
        {
            let answer = self.connection.ask(client.query(request))?;
            return Ok(vec![answer.result.into_iter().filter_map(words::found).collect()]);
        }
        let answer = self.connection.ask(client.query_batch(QueryBatchPointsBuilder::new(&self.name, requests)))?;
        Ok(answer.result.into_iter().map(|batch| batch.result.into_iter().filter_map(words::found).collect()).collect())
    }

    /// The server brings to its disk what it has acknowledged, and builds graphs by itself.
    fn settle(&self) -> Result<()> {
        Ok(())
    }
}
