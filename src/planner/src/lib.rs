//! Query planning: supergraph and operation in, executable plan out.
