package bindings

// ParseDelay is tested by itself: in a machine, timers add to a delay.
var ParseDelay = parseDelay
