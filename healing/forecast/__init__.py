"""Where is it going, and when is it full?"""
