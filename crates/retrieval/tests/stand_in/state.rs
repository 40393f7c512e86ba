//! What the stand-in keeps.

use std::collections::BTreeMap;

use ::qdrant_client::qdrant::alias_operations::Action;
use ::qdrant_client::qdrant::point_id::PointIdOptions;
use ::qdrant_client::qdrant::*;
use tonic::Status;

use super::search;

#[derive(Default)]
pub struct State {
    pub collections: BTreeMap<String, Collection>,
    /// Collections by their aliases.
    pub aliases: BTreeMap<String, String>,
    /// Methods with their requests, in the order in which they came.
    pub requests: Vec<(String, Vec<u8>)>,
    /// The key of each request.
    pub keys: Vec<Option<String>>,
    /// Whether it keeps no metadata, as servers before Qdrant 1.16.
    pub forgets_metadata: bool,
    /// Points to take before the next one fails, where one should.
    pub takes: Option<usize>,
}

pub struct Collection {
    pub made: CreateCollection,
    pub indexed: Vec<String>,
    pub points: BTreeMap<u64, PointStruct>,
}

fn missing(name: &str) -> Status {
    Status::not_found(format!("Collection `{name}` doesn't exist!"))
}

pub fn number(id: &PointId) -> u64 {
    match id.point_id_options {
        Some(PointIdOptions::Num(number)) => number,
        _ => panic!("{id:?} is no number"),
    }
}

fn done() -> PointsOperationResponse {
    let result = UpdateResult { operation_id: Some(1), status: UpdateStatus::Completed.into() };
    PointsOperationResponse { result: Some(result), ..Default::default() }
}

impl State {
    fn collection(&mut self, name: &str) -> Result<&mut Collection, Status> {
        let name = self.aliases.get(name).cloned().unwrap_or_else(|| name.to_owned());
        self.collections.get_mut(&name).ok_or_else(|| missing(&name))
    }

    pub fn list(&mut self, _: ListCollectionsRequest) -> Result<ListCollectionsResponse, Status> {
        let collections = self.collections.keys().map(|name| CollectionDescription { name: name.clone() }).collect();
        Ok(ListCollectionsResponse { collections, ..Default::default() })
    }

    pub fn exists(&mut self, request: CollectionExistsRequest) -> Result<CollectionExistsResponse, Status> {
        let exists = self.collections.contains_key(&request.collection_name);
        Ok(CollectionExistsResponse { result: Some(CollectionExists { exists }), ..Default::default() })
    }

    pub fn create(&mut self, mut made: CreateCollection) -> Result<CollectionOperationResponse, Status> {
        if self.forgets_metadata {
            made.metadata.clear();
        }
        let name = made.collection_name.clone();
        if self.collections.contains_key(&name) || self.aliases.contains_key(&name) {
            return Err(Status::already_exists(name));
        }
        self.collections.insert(name, Collection { made, indexed: Vec::new(), points: BTreeMap::new() });
        Ok(CollectionOperationResponse { result: true, ..Default::default() })
    }

    pub fn info(&mut self, request: GetCollectionInfoRequest) -> Result<GetCollectionInfoResponse, Status> {
        let collection = self.collection(&request.collection_name)?;
        let config = CollectionConfig { metadata: collection.made.metadata.clone(), ..Default::default() };
        let result = CollectionInfo { config: Some(config), ..Default::default() };
        Ok(GetCollectionInfoResponse { result: Some(result), ..Default::default() })
    }

    pub fn drop_collection(&mut self, request: DeleteCollection) -> Result<CollectionOperationResponse, Status> {
        let result = self.collections.remove(&request.collection_name).is_some();
        Ok(CollectionOperationResponse { result, ..Default::default() })
    }

    pub fn update_aliases(&mut self, request: ChangeAliases) -> Result<CollectionOperationResponse, Status> {
        for action in request.actions.into_iter().filter_map(|operation| operation.action) {
            match action {
                Action::CreateAlias(create) => {
                    if !self.collections.contains_key(&create.collection_name) {
                        return Err(missing(&create.collection_name));
                    }
                    self.aliases.insert(create.alias_name, create.collection_name);
                }
                Action::DeleteAlias(delete) => drop(self.aliases.remove(&delete.alias_name)),
                Action::RenameAlias(rename) => panic!("{rename:?}"),
            }
        }
        Ok(CollectionOperationResponse { result: true, ..Default::default() })
    }

    pub fn list_aliases(&mut self, _: ListAliasesRequest) -> Result<ListAliasesResponse, Status> {
        let alias = |(alias_name, collection_name): (&String, &String)| AliasDescription {
            alias_name: alias_name.clone(),
            collection_name: collection_name.clone(),
        };
        Ok(ListAliasesResponse { aliases: self.aliases.iter().map(alias).collect(), ..Default::default() })
    }

    pub fn create_index(&mut self, request: CreateFieldIndexCollection) -> Result<PointsOperationResponse, Status> {
        self.collection(&request.collection_name)?.indexed.push(request.field_name);
        Ok(done())
    }

    pub fn upsert(&mut self, request: UpsertPoints) -> Result<PointsOperationResponse, Status> {
        for point in request.points {
            if let Some(left) = &mut self.takes {
                *left = left.checked_sub(1).ok_or_else(|| Status::unavailable("the network is down"))?;
            }
            let id = number(point.id.as_ref().unwrap());
            self.collection(&request.collection_name)?.points.insert(id, point);
        }
        Ok(done())
    }

    pub fn get(&mut self, request: GetPoints) -> Result<GetResponse, Status> {
        let with_payload = search::wants_payload(request.with_payload.as_ref());
        let names = search::wanted_vectors(request.with_vectors);
        let collection = self.collection(&request.collection_name)?;
        let found = request.ids.iter().filter_map(|id| collection.points.get(&number(id)));
        let result = found.map(|point| RetrievedPoint {
            id: point.id.clone(),
            payload: if with_payload { point.payload.clone() } else { Default::default() },
            vectors: (!names.is_empty()).then(|| search::vectors_of(point, &names)),
            ..Default::default()
        });
        Ok(GetResponse { result: result.collect(), ..Default::default() })
    }

    pub fn count(&mut self, request: CountPoints) -> Result<CountResponse, Status> {
        let count = self.collection(&request.collection_name)?.points.len() as u64;
        Ok(CountResponse { result: Some(CountResult { count }), ..Default::default() })
    }

    pub fn query(&mut self, request: QueryPoints) -> Result<QueryResponse, Status> {
        let result = search::query(self.collection(&request.collection_name)?, &request);
        Ok(QueryResponse { result, ..Default::default() })
    }

    pub fn query_batch(&mut self, request: QueryBatchPoints) -> Result<QueryBatchResponse, Status> {
        let collection = self.collection(&request.collection_name)?;
        let answers = request.query_points.iter().map(|query| BatchResult { result: search::query(collection, query) });
        Ok(QueryBatchResponse { result: answers.collect(), ..Default::default() })
    }
}
