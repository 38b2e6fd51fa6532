"""The pure rules of recommendations: who competes, who stands where, what is drawn, who sees which variant."""
