"""Static students of transformers: what a word adds to a text's vector, learnt from the teacher."""
