// Package deploy knows under which names Prometheus sees the metrics of our components, and which of them a query uses,
// so that rules and dashboards can be checked against what the components say of themselves.
package deploy
