//! Behaviour that differs between browser and server. Each documents what it does on the server.
