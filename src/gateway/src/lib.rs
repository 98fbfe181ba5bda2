//! The gateway core: a pure state machine between client requests and subgraph calls.
