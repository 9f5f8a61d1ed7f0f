// Stochastic growth with elastic labour; TFP responds to the average of its last two values in no way: rho2 = 0.
var C K L z lambda;
varexo eps;
parameters alpha beta delta rho sigma chi frisch_inverse;
alpha = 0.36; beta = 0.99; delta = 0.10; rho = 0.90; sigma = 0.04; chi = 1; frisch_inverse = 1;

model;
  lambda = 1/C;
  lambda = beta*lambda(+1)*(1 - delta + alpha*exp(z(+1))*(L(+1)/K)^(1-alpha));
  chi*L^frisch_inverse = lambda*(1-alpha)*exp(z)*(K(-1)/L)^alpha;
  C + K = exp(z)*K(-1)^alpha*L^(1-alpha) + (1-delta)*K(-1);
  z - rho*z(-1) = sigma*eps;
end;

initval; C = 1; K = 5; L = 1; z = 0; lambda = 1; end;
shocks; var eps = 1; end;
resid; steady;
