//! The server that the settings name for vectors. Its key is looked up anew for every call.

use std::sync::Arc;

use aiex_config::VectorSettings;
use aiex_vector::{KeyTrouble, Server, ServerKey, ServerKeySource, ServerSettings};

use crate::keys::{Keys, VECTOR_SERVER, Wanted};

/// A way to it, which connects to nothing yet.
pub(super) fn open(settings: &VectorSettings, keys: &Arc<Keys>) -> Arc<Server> {
    let (keys, wanted) = (keys.clone(), Wanted::new(VECTOR_SERVER, &settings.key_env));
    let key = ServerKeySource::new(move || match keys.of(&wanted) {
        Ok(keys) => Ok(keys.first().map(|key| ServerKey::new(key.expose()))),
        Err(problem) => Err(KeyTrouble {
            what: problem.to_string(),
            hint: problem.hint(),
        }),
    });
    Arc::new(Server::new(ServerSettings {
        url: settings.url.clone(),
        key,
    }))
}
