"""The main job, start to end: a shop with a history, days replayed over HTTP, a trained model, and the proof."""
