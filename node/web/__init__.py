"""The page: server-rendered HTML for people, without need of JavaScript."""
