//! A model check of the decision core: the real `decide`, in a world of which every state is visited.
//!
//! | file | holds |
//! |---|---|
//! | `state` | the world |
//! | `environment`, `resource_manager`, `controller` | what can happen to it |
//! | `facts` | from the world to the arguments of the decision |
//! | `rules` | what a counterexample turns off, and how far an exploration goes |
//! | `world` | all of it as a stateright model |
//! | `properties`, `progress` | what must hold, and where every state must lead |
//! | `exploration` | with every rule on: nothing is found |
//! | `counterexamples` | with one rule off: the failure of the field is found again |
//!
//! Time does not exist: anything may happen before or after anything else. Our reads of one decision are one step, each
//! request is one. `cargo xtask model` runs it and shows what was found.
#![cfg(test)]
#![allow(unreachable_pub, reason = "a test binary exports nothing")]

mod controller;
mod counterexamples;
mod environment;
mod exploration;
mod facts;
mod progress;
mod properties;
mod resource_manager;
mod rules;
mod state;
mod world;
