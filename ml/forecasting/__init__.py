"""How many units each variant will sell at each place: series, forecasters, rolling-origin backtest, forecast."""
