// Package deploy tests what deploy/ holds with Debian's Prometheus and Alertmanager: the rules and routes by their own
// tools, and then all of it live. A collector watches a simulated gateway that breaks and is repaired, and a webhook
// counts who is told what. setup.sh fetches the programs; the tests have the build tag real.
package deploy
